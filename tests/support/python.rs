//! A Python with a package, installed once into the build folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether there is a Python to install into.
pub fn is_possible() -> bool {
    Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The Python that has `package` (`name==version`), in a folder of this name.
pub fn with(folder: &str, package: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let (python, stamp) = (folder.join("bin/python"), folder.join("installed"));
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == package) {
        return python;
    }
    let run = |program: &Path, args: &[&str]| {
        let status = Command::new(program).args(args).stdout(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()), "{} {args:?}", program.display());
    };
    let _ = std::fs::remove_dir_all(&folder);
    run(Path::new("python3"), &["-m", "venv", folder.to_str().expect("UTF-8")]);
    run(&python, &["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]);
    std::fs::write(stamp, package).expect("writable");
    python
}
