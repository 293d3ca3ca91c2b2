//! Where settings come from: a file, and files that variables name.

use super::{WRONG, environment, run, said};

#[test]
fn a_file_of_settings_is_read_and_an_unknown_key_in_it_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("loquat.toml");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, "listen = \"127.0.0.1:0\"\nunheard_of = 1\n").expect("it is written");
    for (environment, arguments) in
        [(environment([("LOQUAT_CONFIG", path)]), vec![]), (environment([]), vec!["--config", path])]
    {
        let output = run("loquat", &environment, &arguments);
        assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
        assert!(said(&output).contains("unheard_of"), "{}", said(&output));
    }
    std::fs::write(&file, "shutdown_grace_seconds = 0\n").expect("it is written");
    let output = run("loquat", &environment([("LOQUAT_CONFIG", path)]), &[]);
    assert_eq!(output.status.code(), Some(WRONG), "the file's value is judged: {}", said(&output));
    assert!(said(&output).contains("shutdown-grace-seconds"), "{}", said(&output));
}

#[test]
fn a_setting_is_read_from_the_file_that_its_twin_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mounted");
    let path = file.to_str().expect("UTF-8");
    std::fs::write(&file, "0\n").expect("it is written");
    let output = run("loquat", &environment([("LOQUAT_SHUTDOWN_GRACE_SECONDS_FILE", path)]), &[]);
    assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
    assert!(said(&output).contains("shutdown-grace-seconds"), "{}", said(&output));
    let both = [("LOQUAT_SHUTDOWN_GRACE_SECONDS_FILE", path), ("LOQUAT_SHUTDOWN_GRACE_SECONDS", "5")];
    let output = run("loquat", &environment(both), &[]);
    assert_eq!(output.status.code(), Some(WRONG), "both at once contradict each other: {}", said(&output));
    assert!(said(&output).contains("LOQUAT_SHUTDOWN_GRACE_SECONDS_FILE"), "{}", said(&output));
    let output = run("loquat", &environment([("LOQUAT_DATA_DIR_FILE", "/proc/nothing")]), &[]);
    assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
    assert!(said(&output).contains("LOQUAT_DATA_DIR_FILE"), "{}", said(&output));
}

#[test]
fn a_data_folder_can_be_made_and_serves_one_process_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let held = std::fs::File::create(folder.path().join("lock")).expect("a file");
    held.lock().expect("nobody else has it");
    for path in [folder.path().to_str().expect("UTF-8"), "/proc/nothing"] {
        let output = run("loquat", &environment([("LOQUAT_LISTEN", "127.0.0.1:0"), ("LOQUAT_DATA_DIR", path)]), &[]);
        assert_eq!(output.status.code(), Some(WRONG), "{}", said(&output));
        assert!(said(&output).contains("LOQUAT_DATA_DIR"), "{}", said(&output));
    }
}
