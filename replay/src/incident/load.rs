//! Files read: the one place of this crate that touches a disk. What a file says is judged in `header`, `timeline` and `tuple`.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Incident;
use super::flaw::{Flaw, Flaws};
use super::header::Reading;
use super::order::as_people_count;

/// The largest file that is read, in bytes.
pub const FILE_MAX_BYTES: u64 = 256 * 1024;

/// How many files are read at once.
pub const FILES_MAX: usize = 1_000;

impl Incident {
    /// Reads an incident from the text of its file. `file` is only repeated in flaws.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(file: &str, text: &str) -> Result<Incident, Flaws> {
        if text.len() as u64 > FILE_MAX_BYTES {
            return Err(one(file, None, format!("larger than {FILE_MAX_BYTES} bytes")));
        }
        Reading::new(file, text).incident()
    }
}

/// Reads an incident from its file.
///
/// # Errors
/// Everything that is wrong with it, or why it cannot be read.
pub fn load(path: &Path) -> Result<Incident, Flaws> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| one(&name, None, format!("cannot be read: {error}"));
    // Opening a pipe would wait for somebody to write into it.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(one(&name, None, "not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(one(&name, None, format!("larger than {FILE_MAX_BYTES} bytes")));
    }
    match str::from_utf8(&bytes) {
        Ok(text) => Incident::parse(&name, text),
        Err(error) => {
            let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
            Err(one(&name, Some(line), "not UTF-8 text".to_owned()))
        }
    }
}

/// Reads every file named, and every `.toml` file of every directory named, in the order in which people count. A directory is not searched below
/// its first level.
///
/// # Errors
/// Everything that is wrong with any of them, two with the same id included.
pub fn load_all<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<Incident>, Flaws> {
    let mut flaws = Flaws::default();
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        match files_of(path) {
            Ok(found) if found.is_empty() => flaws.extend(one(&path.display().to_string(), None, "holds no .toml file".to_owned())),
            Ok(found) => files.extend(found),
            Err(error) => flaws.extend(one(&path.display().to_string(), None, format!("cannot be read: {error}"))),
        }
    }
    files.sort_by(|a, b| as_people_count(&a.to_string_lossy(), &b.to_string_lossy()));
    files.dedup();
    if files.len() > FILES_MAX {
        return Err(one(&files[FILES_MAX].display().to_string(), None, format!("more than {FILES_MAX} files")));
    }
    let mut incidents: Vec<(Incident, &PathBuf)> = Vec::new();
    for file in &files {
        match load(file) {
            Err(wrong) => flaws.extend(wrong),
            Ok(incident) => match incidents.iter().find(|(other, _)| other.id == incident.id) {
                None => incidents.push((incident, file)),
                Some((_, other)) => {
                    let reason = format!("id {:?} is the id of {} too", incident.id, other.display());
                    flaws.extend(one(&file.display().to_string(), None, reason));
                }
            },
        }
    }
    if !flaws.is_empty() {
        return Err(flaws);
    }
    let mut incidents: Vec<Incident> = incidents.into_iter().map(|(incident, _)| incident).collect();
    incidents.sort_by(|a, b| as_people_count(&a.id, &b.id));
    Ok(incidents)
}

fn files_of(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    Ok(files)
}

fn one(file: &str, line: Option<usize>, reason: String) -> Flaws {
    let mut flaws = Flaws::default();
    flaws.push(Flaw { file: file.to_owned(), line, reason, nearest: None });
    flaws
}
