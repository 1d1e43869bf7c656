//! Parameters on disk: one folder per parameter, one file per version, written whole or not at all.
//!
//! A write is a temporary file, fsync, rename, fsync of the folder; a crash at any moment leaves the version complete or absent.
//! A file that cannot be read is set aside under another name and said so in the log.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::parameters::{Parameters, VERSIONS_MAX, Version};

/// A version's file holds at most this many bytes: a value of 4096 characters, every one escaped, and the rest.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The folder of one region's parameters.
#[derive(Debug, Clone)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Opens the folder, making it where it is missing, and reads everything back.
    pub(super) fn open(folder: PathBuf) -> io::Result<(Self, Parameters)> {
        fs::create_dir_all(&folder)?;
        let mut parameters = Parameters::default();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let Some(raw) = path.file_name().and_then(|name| name.to_str()) else { continue };
            if raw.starts_with("deleted-") {
                // The rest of a deletion that a crash cut short.
                let _ = fs::remove_dir_all(&path);
            } else if let Some(name) = raw.strip_prefix("p") {
                read_parameter(&path, &name.replace('+', "/"), &mut parameters)?;
            }
        }
        Ok((Self(folder), parameters))
    }

    /// The folder of a parameter. Names hold neither `+` nor anything a file system minds, so that this is reversible.
    fn parameter(&self, name: &str) -> PathBuf {
        self.0.join(format!("p{}", name.replace('/', "+")))
    }

    /// Writes a version so that it survives a crash from here on.
    pub(super) fn write(&self, version: &Version) -> io::Result<()> {
        let folder = self.parameter(&version.name);
        if !folder.is_dir() {
            fs::create_dir(&folder)?;
            sync(&self.0)?;
        }
        let temporary = folder.join("new");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(version)?)?;
        file.sync_all()?;
        fs::rename(&temporary, folder.join(file_name(version.version)))?;
        sync(&folder)
    }

    /// Removes a version that fell out of the history. Late or never is harmless: reading back keeps only the newest.
    pub(super) fn forget(&self, name: &str, version: u64) {
        let _ = fs::remove_file(self.parameter(name).join(file_name(version)));
    }

    /// Removes a parameter so that it stays removed after a crash.
    pub(super) fn delete(&self, name: &str) -> io::Result<()> {
        let grave = self.0.join(format!("deleted-{}", uuid::Uuid::new_v4()));
        fs::rename(self.parameter(name), &grave)?;
        sync(&self.0)?;
        let _ = fs::remove_dir_all(&grave);
        Ok(())
    }
}

fn file_name(version: u64) -> String {
    format!("{version:012}.json")
}

/// Makes renames and new files in a folder durable.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn read_parameter(folder: &Path, name: &str, parameters: &mut Parameters) -> io::Result<()> {
    let mut found: Vec<(u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        match file.split_once('.') {
            Some((number, "json")) => found.extend(number.parse().ok().map(|number| (number, path))),
            Some((number, "damaged")) => number.parse().ok().into_iter().for_each(|number| parameters.remember(name, number)),
            // The file of a write that a crash cut short.
            Some(_) | None => drop(fs::remove_file(&path)),
        }
    }
    found.sort();
    let surplus = found.len().saturating_sub(VERSIONS_MAX);
    for (number, path) in found.drain(..surplus) {
        tracing::debug!(name, number, "an old version is dropped");
        let _ = fs::remove_file(path);
    }
    for (number, path) in found {
        match read_version(&path) {
            Ok(version) if version.name == name && version.version == number => drop(parameters.push(version)),
            Ok(_) => set_aside(&path, name, number, "it holds another parameter or version", parameters),
            Err(error) => set_aside(&path, name, number, &error.to_string(), parameters),
        }
    }
    Ok(())
}

fn read_version(path: &Path) -> io::Result<Version> {
    if fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is larger than any version"));
    }
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn set_aside(path: &Path, name: &str, number: u64, reason: &str, parameters: &mut Parameters) {
    let aside = path.with_extension("damaged");
    let kept = fs::rename(path, &aside).is_ok();
    tracing::error!(name, version = number, reason, kept, file = %aside.display(), "a stored parameter version is damaged; it is set aside and not used");
    parameters.remember(name, number);
}

#[cfg(test)]
mod tests {
    use super::super::parameters::Kind;
    use super::*;

    fn version(name: &str, version: u64) -> Version {
        Version {
            name: name.to_owned(),
            version,
            kind: Kind::String,
            value: format!("value {version}"),
            description: None,
            modified_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn values(parameters: &Parameters, name: &str) -> Vec<u64> {
        parameters.get(name).map(|p| p.versions().map(|v| v.version).collect()).unwrap_or_default()
    }

    #[test]
    fn what_is_written_is_read_back_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, _) = Disk::open(folder.path().join("ssm")).unwrap();
        for number in [1, 2, 10, 11] {
            disk.write(&version("/a/b", number)).unwrap();
        }
        disk.write(&version("plain", 1)).unwrap();
        let (_, parameters) = Disk::open(folder.path().join("ssm")).unwrap();
        assert_eq!(values(&parameters, "/a/b"), [1, 2, 10, 11]);
        assert_eq!(values(&parameters, "plain"), [1]);
        assert_eq!(parameters.get("/a/b").unwrap().latest().unwrap().value, "value 11");
    }

    #[test]
    fn a_crash_at_any_byte_of_a_write_leaves_the_old_version() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, _) = Disk::open(folder.path().to_owned()).unwrap();
        disk.write(&version("/a", 1)).unwrap();
        let whole = serde_json::to_vec(&version("/a", 2)).unwrap();
        for cut in 0..=whole.len() {
            fs::write(folder.path().join("p+a/new"), &whole[..cut]).unwrap();
            let (_, parameters) = Disk::open(folder.path().to_owned()).unwrap();
            assert_eq!(values(&parameters, "/a"), [1]);
            assert!(!folder.path().join("p+a/new").exists());
        }
    }

    #[test]
    fn a_damaged_version_is_set_aside_and_its_number_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, _) = Disk::open(folder.path().to_owned()).unwrap();
        for number in 1..=3 {
            disk.write(&version("/a", number)).unwrap();
        }
        fs::write(folder.path().join("p+a").join(file_name(3)), b"{\"name\":").unwrap();
        fs::copy(folder.path().join("p+a").join(file_name(1)), folder.path().join("p+a").join(file_name(2))).unwrap();
        for _ in 0..2 {
            let (_, parameters) = Disk::open(folder.path().to_owned()).unwrap();
            assert_eq!(values(&parameters, "/a"), [1]);
            assert_eq!(parameters.next_version("/a"), 4);
        }
        assert!(folder.path().join("p+a/000000000003.damaged").exists());
    }

    #[test]
    fn a_deletion_cut_short_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, _) = Disk::open(folder.path().to_owned()).unwrap();
        disk.write(&version("/a", 1)).unwrap();
        disk.write(&version("/b", 1)).unwrap();
        disk.delete("/a").unwrap();
        fs::rename(folder.path().join("p+b"), folder.path().join("deleted-x")).unwrap();
        let (_, parameters) = Disk::open(folder.path().to_owned()).unwrap();
        assert_eq!(parameters.len(), 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
