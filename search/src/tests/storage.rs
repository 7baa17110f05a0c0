//! Tests of the folder of an index: restarts, merges and damaged files.

use std::{fs, path::Path};

use super::*;

fn document(key: Key, headline: &str) -> Document {
    let mut document = Document { key, language: "en".to_owned(), ..Document::default() };
    headline.clone_into(&mut document.texts[0]);
    document
}

fn slots(keys: &[Key]) -> HashMap<Key, u32> {
    keys.iter().enumerate().map(|(slot, &key)| (key, slot as u32)).collect()
}

fn write(storage: &Storage, documents: &[Document], slots: &HashMap<Key, u32>) -> Segment {
    let mut segment = storage.begin_segment().unwrap();
    documents.iter().for_each(|document| segment.builder.add(document).unwrap());
    storage.finish_segment(segment, slots).unwrap()
}

fn find(segments: &Segments, text: &str) -> Vec<u32> {
    let all: RoaringBitmap = (0..100).collect();
    let query = parse(text).unwrap();
    let request = Search { query: &query, fields: &Field::ALL, mode: Mode::Auto, names: &[] };
    search(segments, &Domain::new(segments, &all, &all, None), request).unwrap().slots.iter().collect()
}

/// Returns all files below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn documents_are_found_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let keys = slots(&[1, 2, 3]);
    {
        let storage = Storage::open(folder.path()).unwrap();
        write(&storage, &[document(1, "alpha"), document(2, "bravo")], &keys);
        assert!(matches!(Storage::open(folder.path()), Err(IndexError::Locked(_))));
    }
    let storage = Storage::open(folder.path()).unwrap();
    let loaded = storage.load(&keys).unwrap();
    assert_eq!((loaded.missing, loaded.damaged), (vec![3], Vec::new()));
    assert_eq!(find(&loaded.segments, "bravo"), [1]);
    // A document without a slot is dead.
    assert_eq!(find(&storage.load(&slots(&[1])).unwrap().segments, "bravo"), [] as [u32; 0]);
}

#[test]
fn a_merge_leaves_dead_documents_out_and_keeps_changed_slots() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    let keys = slots(&[1, 2, 3, 4]);
    let mut segments = Segments::default();
    segments.push(write(&storage, &[document(1, "alpha"), document(2, "secretword")], &keys));
    segments.push(write(&storage, &[document(3, "charlie"), document(4, "delta")], &keys));
    segments.set_slot(2, DEAD).unwrap();
    let inputs = segments.list().to_vec();
    let merge = Merge::run(&storage, inputs).unwrap();
    // Changes while the merge runs.
    segments.set_slot(3, 30).unwrap();
    segments.set_slot(4, DEAD).unwrap();
    merge.complete(&mut segments);
    merge.remove_unused(&segments).unwrap();
    assert_eq!(segments.list().len(), 1);
    for (text, expected) in [("alpha", vec![0]), ("charlie", vec![30]), ("delta", vec![]), ("secretword", vec![])] {
        assert_eq!(find(&segments, text), expected, "{text}");
    }
    // The files of the merged segments are removed, and the new ones do not have the word.
    let loaded = storage.load(&keys).unwrap();
    let has_word = |word: &str| {
        let mut segments = loaded.segments.list().iter();
        segments.any(|segment| segment.text(Field::Headline).0.terms().get(word).unwrap().is_some())
    };
    assert_eq!(loaded.segments.list().len(), 1);
    assert!(has_word("delta") && !has_word("secretword"));
}

#[test]
fn a_merge_is_given_up_if_a_document_that_it_left_out_is_searchable_again() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    let keys = slots(&[1, 2]);
    let mut segments = Segments::default();
    segments.push(write(&storage, &[document(1, "alpha"), document(2, "bravo")], &keys));
    segments.set_slot(2, DEAD).unwrap();
    let merge = Merge::run(&storage, segments.list().to_vec()).unwrap();
    segments.set_slot(2, 1).unwrap();
    merge.complete(&mut segments);
    merge.remove_unused(&segments).unwrap();
    assert_eq!((find(&segments, "bravo"), segments.list().len()), (vec![1], 1));
    let loaded = storage.load(&keys).unwrap();
    assert_eq!((loaded.missing.len(), loaded.segments.list().len()), (0, 1));
}

#[test]
fn of_two_copies_of_a_document_the_one_that_counted_stays() {
    let storage = Storage::in_memory();
    let mut segments = Segments::default();
    segments.push(write(&storage, &[document(1, "alpha")], &HashMap::new()));
    segments.push(write(&storage, &[document(1, "alpha")], &slots(&[1])));
    segments.set_slot(1, 7).unwrap();
    assert_eq!((find(&segments, "alpha"), segments.alive(), segments.list()[1].alive()), (vec![7], 1, 1));
}

#[test]
fn segments_in_memory_are_written_to_disk() {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage::open(folder.path()).unwrap();
    let keys = slots(&[1, 2, 3]);
    let mut segments = Segments::default();
    for (key, headline) in [(1, "alpha"), (2, "bravo"), (3, "charlie")] {
        let mut builder = SegmentBuilder::in_memory().unwrap();
        builder.add(&document(key, headline)).unwrap();
        segments.push(builder.finish(&keys).unwrap());
    }
    let inputs = segments.plan_merge(&storage, false).unwrap();
    Merge::run(&storage, inputs).unwrap().complete(&mut segments);
    assert!(segments.plan_merge(&storage, false).is_none());
    assert_eq!((segments.list().len(), find(&segments, "bravo")), (1, vec![1]));
    let loaded = storage.load(&keys).unwrap();
    assert_eq!((loaded.missing.len(), find(&loaded.segments, "charlie")), (0, vec![2]));
}

#[test]
fn many_small_segments_are_merged() {
    let storage = Storage::in_memory();
    let keys = slots(&(0..100).collect::<Vec<Key>>());
    let mut segments = Segments::default();
    for key in 0..100 {
        segments.push(write(&storage, &[document(key, &format!("word{key} common"))], &keys));
        while let Some(inputs) = segments.plan_merge(&storage, false) {
            Merge::run(&storage, inputs).unwrap().complete(&mut segments);
        }
        assert!(segments.list().len() < 9);
    }
    assert_eq!(segments.alive(), 100);
    assert_eq!(find(&segments, "common").len(), 100);
    assert_eq!(find(&segments, "word77"), [77]);
}

#[test]
fn damaged_segments_are_removed_and_their_documents_are_missing() {
    let keys = slots(&[1, 2]);
    let template = tempfile::tempdir().unwrap();
    let prepare = || {
        let folder = tempfile::tempdir_in(template.path()).unwrap();
        let storage = Storage::open(folder.path()).unwrap();
        write(&storage, &[document(1, "alpha")], &keys);
        write(&storage, &[document(2, "bravo")], &keys);
        folder
    };
    let count = files(prepare().path()).len();
    assert!(count > 10, "{count}");
    for damage in ["truncate", "delete", "overwrite", "append"] {
        for index in 0..count {
            let folder = prepare();
            let mut all = files(folder.path());
            all.sort();
            let file = &all[index];
            let content = fs::read(file).unwrap();
            match damage {
                "truncate" => fs::write(file, &content[..content.len() / 2]).unwrap(),
                "delete" => fs::remove_file(file).unwrap(),
                "append" => fs::write(file, [&content[..], b"x"].concat()).unwrap(),
                _ => fs::write(file, content.iter().map(|byte| byte ^ 0x55).collect::<Vec<_>>()).unwrap(),
            }
            let storage = match Storage::open(folder.path()) {
                Ok(storage) => storage,
                // Without its lock file, the folder could be another one.
                Err(error) => {
                    assert!(file.ends_with("dateline-search.lock"), "{error}");
                    continue;
                }
            };
            let loaded = storage.load(&keys).unwrap();
            let found: Vec<u32> = [find(&loaded.segments, "alpha"), find(&loaded.segments, "bravo")].concat();
            assert_eq!(found.len() + loaded.missing.len(), 2, "{damage} {}: {loaded:?}", file.display());
        }
    }
}

#[test]
fn a_folder_with_other_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    assert!(matches!(Storage::open(folder.path()), Err(IndexError::Io(_))));
    assert_eq!(fs::read_to_string(folder.path().join("letter.txt")).unwrap(), "dear");
}

#[test]
fn segments_of_another_format_and_incomplete_ones_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    drop(Storage::open(folder.path()).unwrap());
    fs::create_dir_all(folder.path().join("format-0/segment-a")).unwrap();
    let current = files(folder.path());
    assert_eq!(current.len(), 1);
    let storage = Storage::open(folder.path()).unwrap();
    let format = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir());
    let format = format.unwrap();
    assert!(!format.ends_with("format-0"));
    fs::create_dir(format.join("incomplete-x")).unwrap();
    assert!(storage.load(&HashMap::new()).unwrap().damaged.is_empty());
    assert!(!format.join("incomplete-x").exists());
}
