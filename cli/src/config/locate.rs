//! Which configuration is meant: the one named, a demo that runs in this folder, this folder's, the user's own.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Config, ConfigError, World};

/// Where a demo leaves its configuration, in the folder it was started in.
const DEMO_FILE: &str = ".failover/failover.toml";
/// The configuration of a folder.
const FOLDER_FILE: &str = "failover.toml";
/// A file larger than this is not a configuration.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// How long a demo may take to accept a connection on loopback before it counts as gone.
const DEMO_ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// A configuration that was found.
#[derive(Debug)]
pub(crate) struct Located {
    /// The configuration.
    pub(crate) config: Config,
    /// A demo's file that was passed over because nothing listens where it says.
    pub(crate) stale: Option<PathBuf>,
}

/// Finds and reads the configuration. `named` is the file that the user asked for, `folder` where the command runs.
///
/// # Errors
/// There is none, or the first one found is not usable.
pub(crate) fn locate(named: Option<&Path>, folder: &Path, user: Option<&Path>) -> Result<Located, ConfigError> {
    if let Some(path) = named {
        return Ok(Located { config: read(path)?, stale: None });
    }
    let demo = folder.join(DEMO_FILE);
    let mut stale = None;
    if demo.exists() {
        // A demo killed while it wrote must not lock its own folder: a broken file of its is as stale as an old one.
        match read(&demo) {
            Ok(config) if config.world().is_some_and(is_alive) => return Ok(Located { config, stale: None }),
            Ok(_) | Err(_) => stale = Some(demo.clone()),
        }
    }
    let mut looked = vec![demo];
    for path in [Some(folder.join(FOLDER_FILE)), user.map(|dir| dir.join("failover").join(FOLDER_FILE))].into_iter().flatten() {
        if path.exists() {
            return Ok(Located { config: read(&path)?, stale });
        }
        looked.push(path);
    }
    Err(ConfigError::Nowhere { looked, stale })
}

fn read(path: &Path) -> Result<Config, ConfigError> {
    Config::parse(path, &text(path)?)
}

/// The text of a configuration.
///
/// # Errors
/// It cannot be read, or is too large to be one.
pub(super) fn text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.to_owned(), max: FILE_BYTES_MAX });
    }
    Ok(text)
}

/// Whether something listens at the demo's switchboard.
fn is_alive(world: &World) -> bool {
    let address =
        world.admin.strip_prefix("http://").map(|rest| rest.trim_end_matches('/')).and_then(|rest| rest.parse::<SocketAddr>().ok());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, DEMO_ANSWERS_WITHIN).is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const BASE: &str = "service = \"SERVICE\"\nregions = [\"eu-west-1\", \"eu-west-2\", \"us-west-2\"]\n\
                        [names]\napi = \"api.example.com\"\nwebsocket = \"ws.example.com\"\n";

    fn write(path: &Path, service: &str, world: Option<SocketAddr>) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let world = world.map(|address| format!("[world]\nadmin = \"http://{address}\"\n")).unwrap_or_default();
        std::fs::write(path, BASE.replace("SERVICE", service) + &world).unwrap();
    }

    fn service(located: &Located) -> String {
        located.config.policy.service().to_string()
    }

    #[test]
    fn a_running_demo_comes_before_the_folder_and_the_folder_before_the_user() {
        let (folder, user) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let find = || locate(None, folder.path(), Some(user.path()));
        assert!(matches!(find(), Err(ConfigError::Nowhere { looked, .. }) if looked.len() == 3));

        write(&user.path().join("failover/failover.toml"), "users", None);
        assert_eq!(service(&find().unwrap()), "users");
        write(&folder.path().join("failover.toml"), "folders", None);
        assert_eq!(service(&find().unwrap()), "folders");

        let demo = TcpListener::bind("127.0.0.1:0").unwrap();
        write(&folder.path().join(DEMO_FILE), "demos", Some(demo.local_addr().unwrap()));
        assert_eq!(service(&find().unwrap()), "demos");

        let named = folder.path().join("other.toml");
        write(&named, "named", None);
        assert_eq!(service(&locate(Some(&named), folder.path(), None).unwrap()), "named");
    }

    #[test]
    fn what_a_dead_demo_left_behind_is_passed_over_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        write(&folder.path().join(DEMO_FILE), "demos", Some(address));
        let error = locate(None, folder.path(), None).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("does not run")), "{error:?}");
        write(&folder.path().join("failover.toml"), "folders", None);
        let found = locate(None, folder.path(), None).unwrap();
        assert_eq!((service(&found), found.stale), ("folders".to_owned(), Some(folder.path().join(DEMO_FILE))));
    }

    #[test]
    fn a_file_that_is_no_configuration_is_refused_by_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failover.toml");
        std::fs::write(&path, vec![b'#'; 70_000]).unwrap();
        assert!(matches!(locate(Some(&path), folder.path(), None), Err(ConfigError::TooLarge { .. })));
    }
}
