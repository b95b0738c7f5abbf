//! The journal cut and flipped at every byte.

use super::*;
use serde_json::{Value, json};

/// Three commits: one record, two records, one record. Returns the file's bytes and where each record ends.
fn written(folder: &Path) -> (Vec<u8>, Vec<u64>) {
    let path = folder.join("a.journal");
    let journal = Journal::create(&path).expect("a new file");
    let mut ends = Vec::new();
    for (number, commits) in [(1, true), (2, false), (3, true), (4, true)] {
        journal.append(&json!({ "n": number, "text": "x".repeat(number * 7) })).expect("no failure before");
        ends.push(journal.length());
        if commits {
            journal.commit().expect("a disk that takes it");
        }
    }
    (std::fs::read(path).expect("written"), ends)
}

fn numbers(path: &Path) -> Result<(Vec<u64>, u64), JournalError> {
    let contents = read::<Value>(path)?;
    Ok((
        contents.records.iter().map(|record| record["n"].as_u64().expect("a number")).collect(),
        contents.length,
    ))
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, ends) = written(folder.path());
    assert_eq!(*ends.last().expect("four"), bytes.len() as u64);
    let (numbers, length) = numbers(&folder.path().join("a.journal")).expect("whole");
    assert_eq!((numbers, length), (vec![1, 2, 3, 4], bytes.len() as u64));
}

#[test]
fn cut_at_any_byte_it_gives_the_records_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, ends) = written(folder.path());
    let path = folder.path().join("cut.journal");
    for length in 0..bytes.len() {
        std::fs::write(&path, &bytes[..length]).expect("written");
        let n_whole = ends.iter().filter(|end| **end <= length as u64).count();
        let contents = read::<Value>(&path).expect("a torn tail is no error");
        assert_eq!(contents.records.len(), n_whole, "cut at {length}");
        assert_eq!(contents.length + contents.n_torn, length as u64);
        cut(&path, contents.length).expect("cut");
        assert_eq!(read::<Value>(&path).expect("whole").n_torn, 0);
    }
}

#[test]
fn a_flipped_bit_before_a_later_commit_is_found_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, ends) = written(folder.path());
    let path = folder.path().join("flipped.journal");
    for position in HEADER.len()..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << bit;
            std::fs::write(&path, &flipped).expect("written");
            let record = ends.iter().take_while(|end| **end <= position as u64).count() + 1;
            match read::<Value>(&path) {
                // The last commit has nothing after it that tells it was durable.
                Ok(contents) => assert!(record == 4 && contents.records.len() == 3, "{position}.{bit}"),
                Err(JournalError::Damaged { record: named, .. }) => {
                    assert_eq!(named, record, "{position}.{bit}")
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// The journal as it is, with other bytes, beside what was said of it.
fn with_bytes(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("a.journal");
    std::fs::write(&path, bytes).expect("written");
    path
}

#[test]
fn cut_before_what_was_said_to_be_durable_it_names_the_first_record_that_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, ends) = written(folder.path());
    for length in 0..bytes.len() {
        let path = with_bytes(folder.path(), &bytes[..length]);
        let n_whole = ends.iter().filter(|end| **end <= length as u64).count();
        match read::<Value>(&path) {
            Err(JournalError::Cut { record, .. }) => assert_eq!(record, n_whole + 1, "cut at {length}"),
            other => panic!("cut at {length}: {other:?}"),
        }
    }
    // The same cut where a crash made it: of the last commit nothing was said yet.
    say_synced(&folder.path().join("a.journal"), VERSION, ends[2]);
    for length in ends[2] as usize..bytes.len() {
        let contents = read::<Value>(&with_bytes(folder.path(), &bytes[..length])).expect("a torn tail");
        assert_eq!(contents.records.len(), 3, "cut at {length}");
    }
}

#[test]
fn any_flipped_bit_of_a_journal_that_was_said_to_be_durable_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, ends) = written(folder.path());
    for position in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[position] ^= 1 << bit;
            let named = ends.iter().take_while(|end| **end <= position as u64).count() + 1;
            match read::<Value>(&with_bytes(folder.path(), &flipped)) {
                Err(JournalError::Damaged { record, .. }) => assert_eq!(record, named, "{position}.{bit}"),
                Err(JournalError::Header { .. } | JournalError::Version { .. }) => {
                    assert!(position < HEADER.len(), "{position}.{bit}")
                }
                other => panic!("{position}.{bit}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_is_said_of_a_journal_is_not_believed_with_any_bit_flipped() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, _) = written(folder.path());
    let said = synced::path_of(&folder.path().join("a.journal"));
    let line = std::fs::read(&said).expect("said");
    assert_eq!(
        String::from_utf8_lossy(&line).rsplit_once(" crc ").expect("a checksum").0,
        format!("scope-synced/1 format 4 length {:020}", bytes.len())
    );
    for position in 0..line.len() {
        for bit in 0..8 {
            let mut flipped = line.clone();
            flipped[position] ^= 1 << bit;
            std::fs::write(&said, &flipped).expect("written");
            let path = with_bytes(folder.path(), &bytes);
            assert_eq!(read::<Value>(&path).expect("whole").records.len(), 4, "{position}.{bit}");
            // Nothing is known of it then, as of one that an older version wrote.
            let path = with_bytes(folder.path(), &bytes[..bytes.len() - 1]);
            assert_eq!(read::<Value>(&path).expect("torn").records.len(), 3, "{position}.{bit}");
        }
    }
}

#[test]
fn a_journal_goes_with_what_was_said_of_it_and_a_new_one_begins_afresh() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let path = folder.path().join("a.journal");
    std::fs::remove_file(&path).expect("it was there");
    // A crash between the two left what was said of another one.
    drop(Journal::create(&path).expect("a new file"));
    assert_eq!(read::<Value>(&path).expect("whole").length, HEADER.len() as u64);
    remove(&path).expect("it was there");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn records_that_were_never_durable_may_be_torn_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let (bytes, ends) = written(folder.path());
    // Of the group of records 2 and 3, only the second page reached the disk.
    let mut torn = bytes[..ends[2] as usize].to_vec();
    torn[ends[0] as usize..ends[1] as usize].fill(0);
    let path = folder.path().join("torn.journal");
    std::fs::write(&path, &torn).expect("written");
    assert_eq!(numbers(&path).expect("a torn tail is no error"), (vec![1], ends[0]));
}

#[test]
fn other_files_and_versions_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other");
    for bytes in ["scope-journal/x\n", "scope-journal/22", "hello, this is something else"] {
        std::fs::write(&path, bytes).expect("written");
        assert!(matches!(read::<Value>(&path), Err(JournalError::Version { .. })), "{bytes}");
    }
    std::fs::write(&path, "scope-journal/5\n").expect("written");
    assert!(matches!(read::<Value>(&path), Err(JournalError::Newer { found: 5, by: None, .. })));
}

/// Two records are durable, the third is not: it is the one that is named, whatever the disk says.
#[cfg(target_os = "linux")]
fn named(journal: Journal, file: File) -> JournalError {
    for number in 1..=2 {
        journal.append(&json!({ "n": number })).expect("no failure before");
        journal.commit().expect("a disk that takes it");
    }
    journal.writes_to(file);
    journal.append(&json!({ "n": 3 })).expect("no failure before");
    journal.append(&json!({ "n": 4 })).expect("no failure before");
    let error = journal.commit().expect_err("a disk that does not");
    assert!(matches!(journal.append(&json!({ "n": 5 })), Err(JournalError::Write { record: 3, .. })));
    assert!(matches!(journal.commit(), Err(JournalError::Write { record: 3, .. })));
    error
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_failed_sync_name_the_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = |name: &str| Journal::create(&folder.path().join(name)).expect("a new file");
    // The device that is always full.
    let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let error = named(journal("full"), full);
    assert!(
        matches!(&error, JournalError::Write { record: 3, error, .. } if error.kind() == io::ErrorKind::StorageFull)
    );
    // A pipe takes the bytes and cannot sync them.
    let (_reader, writer) = std::io::pipe().expect("a pipe");
    let error = named(journal("pipe"), File::from(std::os::fd::OwnedFd::from(writer)));
    assert!(matches!(error, JournalError::Write { record: 3, .. }), "{error}");
}

#[test]
fn the_checksum_is_the_common_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}
