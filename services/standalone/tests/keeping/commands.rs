//! How the commands are asked for.

use crate::program::{loquat, on, text};

#[test]
fn help_lists_the_commands_and_tells_each() {
    let help = loquat(&["--help"], &[]).with_code(0).output;
    for command in ["serve", "backup", "restore", "verify", "repair"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in\n{help}");
    }
    assert!(help.contains("--listen") && help.contains("[env: LOQUAT_LISTEN]"), "{help}");
    for command in ["backup", "restore", "verify", "repair"] {
        let told = loquat(&[command, "--help"], &[]).with_code(0).output;
        assert!(told.contains("Exit code 0") && told.contains("--data-dir"), "{told}");
        assert!(told.contains(&format!("Usage: loquat {command}")) && !told.contains("--listen"), "{told}");
        loquat(&["help", command], &[]).with_code(0);
    }
    assert_eq!(loquat(&["serve", "--help"], &[]).with_code(0).output, help);
}

#[test]
fn wrong_usage_is_told_with_exit_code_64() {
    let folder = tempfile::tempdir().expect("a folder");
    let absent = folder.path().join("absent");
    let (there, absent) = (text(folder.path()), text(&absent));
    let cases: [(&[&str], &str); 12] = [
        (&["bakcup"], "bakcup"),
        (&["backup"], "--to"),
        (&["restore"], "--from"),
        (&["verify", "--loud"], "--loud"),
        (&["--listen", "127.0.0.1:0", "backup"], "backup"),
        (&["backup", "--data-dir", absent, "--to", "/nowhere/b"], "LOQUAT_DATA_DIR"),
        (&["backup", "--data-dir", there, "--to", "/nowhere/b"], "messages.sqlite"),
        (&["verify", "--data-dir", absent], "LOQUAT_DATA_DIR"),
        (&["verify", "--data-dir", there], "messages.sqlite is not there"),
        (&["repair", "--data-dir", there], "messages.sqlite is not there"),
        (&["verify", "--messages-store-url", "redis://a"], "LOQUAT_MESSAGES_STORE_URL"),
        (&["restore", "--data-dir", absent, "--from", absent], "--from"),
    ];
    for (arguments, named) in cases {
        let ran = loquat(arguments, &[]).with_code(64);
        assert!(ran.told.contains(named), "{arguments:?}: {}", ran.told);
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        1,
        "a lock, and nothing that was not there"
    );
}

#[test]
fn a_command_is_not_disturbed_by_settings_of_serving() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["verify", "--data-dir", text(folder.path())];
    let ran = loquat(&arguments, &[("LOQUAT_LISTEN", "nowhere"), ("LOQUAT_USERS_HASHING_CONCURRENCY", "many")]);
    assert!(ran.with_code(64).told.contains("messages.sqlite is not there"));
}

#[test]
fn a_backup_has_no_store_that_lies_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("b");
    for setting in ["LOQUAT_MESSAGES_STORE_URL", "LOQUAT_ROOMS_DATABASE_URL", "LOQUAT_USERS_DATABASE_URL"] {
        let arguments = ["backup", "--data-dir", text(folder.path()), "--to", text(&to)];
        let ran = loquat(&arguments, &[(setting, "postgres://bob:hunter2@host/name")]).with_code(64);
        assert!(ran.told.contains(setting) && !ran.told.contains("hunter2"), "{}", ran.told);
    }
    assert!(!on(folder.path(), "backup", &["--help"]).output.contains("USERS_DATABASE_URL"), "it is no setting of it");
}
