//! The folder of a demo: one demo at a time in it, and the configuration through which the other commands find that demo.
//!
//! What SSM keeps in there is the world's business.

use std::collections::BTreeMap;
use std::fs::{self, File as Handle, TryLockError};
use std::path::{Path, PathBuf};

use world::World;

use crate::config::{Client, DashboardEntry, Dns, File, Names, ObserverEntry, ProbeEntry, RegionEntry, World as WorldEntry};
use crate::failure::Failure;

/// The file that a running demo holds a lock on; the lock ends with the process, however it ends.
const LOCK: &str = "lock";
/// The configuration in the folder.
const CONFIG: &str = "failover.toml";

/// A folder that belongs to this process until dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    _lock: Handle,
}

impl Folder {
    /// Takes the folder, making it when needed.
    pub(super) fn take(path: &Path) -> Result<Self, Failure> {
        let cannot = |what: &str, error: std::io::Error| Failure::failed(format!("{what} {}: {error}", path.display()));
        fs::create_dir_all(path).map_err(|error| cannot("cannot make the folder", error))?;
        let lock = Handle::create(path.join(LOCK)).map_err(|error| cannot("cannot write into", error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Failure::Failed {
                message: format!("a demo is running in {} already", path.display()),
                hint: Some("stop it with Ctrl-C, or give this one a folder of its own with --state DIR".to_owned()),
            }),
            Err(TryLockError::Error(error)) => Err(cannot("cannot lock", error)),
        }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the configuration is.
    pub(super) fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// Writes the configuration of a world that is up, whole or not at all.
    pub(super) fn write_config(&self, world: &World) -> Result<(), Failure> {
        let text = toml::to_string(&describe(world))
            .map_err(|error| Failure::failed(format!("cannot write the demo's configuration: {error}")))?;
        let text = format!("# Written by `failover demo`, which removes it when it ends.\n\n{text}");
        let (partial, whole) = (self.path.join("failover.toml.new"), self.config());
        fs::write(&partial, text)
            .and_then(|()| fs::rename(&partial, &whole))
            .map_err(|error| Failure::failed(format!("cannot write {}: {error}", whole.display())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A configuration that stays behind is recognised as dead; removing it is a courtesy.
        let _ = fs::remove_file(self.config());
    }
}

/// The configuration that leads to this world.
fn describe(world: &World) -> File {
    let (names, port) = (world.names(), world.port());
    let spec = world.policy().spec();
    let infos = world.regions();
    let observer = |info: &world::RegionInfo| ObserverEntry { ssm: Some(info.aws.clone()), gate: Some(info.gate.clone()) };
    let region = |info: &world::RegionInfo| RegionEntry {
        rest: Some(format!("http://{}:{port}", names.regional_rest(&info.region))),
        websocket: Some(format!("ws://{}:{port}", names.regional_websocket(&info.region))),
    };
    File {
        service: spec.service.clone(),
        regions: spec.regions.clone(),
        observers: spec.observers.clone(),
        names: Names { api: names.rest.clone(), websocket: names.websocket.clone() },
        thresholds: spec.thresholds.clone(),
        failback: BTreeMap::new(),
        capacity: BTreeMap::new(),
        observer: infos.iter().map(|info| (info.region.clone(), observer(info))).collect(),
        region: infos.iter().map(|info| (info.region.clone(), region(info))).collect(),
        deployed: None,
        dns: Dns { server: Some(world.dns().to_string()), clients: Vec::<Client>::new() },
        probe: ProbeEntry { secret: Some(world.probe_secret().to_owned()) },
        dashboard: DashboardEntry::default(),
        world: Some(WorldEntry { admin: format!("http://{}", world.admin()), speed: world.speed().factor() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_belongs_to_one_demo_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::take(place.path()).unwrap();
        let second = Folder::take(place.path()).unwrap_err();
        assert!(second.to_string().contains("running"), "{second}");
        drop(first);
        Folder::take(place.path()).unwrap();
    }
}
