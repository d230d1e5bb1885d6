//! A token in a mounted Secret, which the kubelet changes as a whole: the file is a link into a folder that is a link
//! itself, and that one is exchanged.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harmonix::adapters::gitlab::{GitlabAddress, GitlabHost};
use harmonix::ports::Projects as _;

use crate::stub::{Reply, Stub};

/// How long a token may be used after it was exchanged.
const LIMIT: Duration = Duration::from_secs(5);

/// A mounted Secret.
struct Mount {
    folder: tempfile::TempDir,
    version: usize,
}

impl Mount {
    fn with(token: &str) -> Self {
        let mut mount = Self {
            folder: tempfile::tempdir().unwrap(),
            version: 0,
        };
        mount.exchange(token);
        symlink("..data/token", mount.token()).unwrap();
        mount
    }

    fn token(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// What the kubelet's AtomicWriter does: a new folder, a link to it beside the old one, and a rename over that.
    fn exchange(&mut self, token: &str) {
        let at = |name: &str| self.folder.path().join(name);
        let (old, new) = (Self::named(self.version), Self::named(self.version + 1));
        std::fs::create_dir(at(&new)).unwrap();
        std::fs::write(at(&new).join("token"), token).unwrap();
        // The new file is not the younger one: nothing may depend on that.
        let file = std::fs::File::open(at(&new).join("token")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        symlink(&new, at("..data_tmp")).unwrap();
        std::fs::rename(at("..data_tmp"), at("..data")).unwrap();
        let _ = std::fs::remove_dir_all(at(&old));
        self.version += 1;
    }

    fn named(version: usize) -> String {
        format!("..2026_11_30_12_00_00.{version}")
    }
}

fn host(stub: &Stub, token_file: &Path) -> GitlabHost {
    GitlabHost::new(GitlabAddress {
        token_file: token_file.to_owned(),
        ..stub.address()
    })
    .unwrap()
}

#[tokio::test]
async fn a_token_that_the_kubelet_exchanged_is_used_within_five_seconds() {
    let absent = || Reply::new(404, r#"{"message":"404 Project Not Found"}"#);
    let stub = Stub::answering([]).await;
    let mut mount = Mount::with("glpat-token-number-1");
    let host = host(&stub, &mount.token());
    for number in 1..=3 {
        let token = format!("glpat-token-number-{number}");
        if number > 1 {
            mount.exchange(&token);
        }
        let since = Instant::now();
        loop {
            stub.then(absent());
            host.project_at("apps/shop/cart").await.unwrap();
            let used = stub.asked().pop().unwrap().token;
            if used == token {
                break;
            }
            assert!(since.elapsed() < LIMIT, "{used} after {LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
