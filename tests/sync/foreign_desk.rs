//! A desk that somebody else wrote: scim2-server, as published.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contactsync::api::RunCounts;

use crate::support::house::{House, connection, mail, people};
use crate::support::python::programs;

const TOKEN: &str = "foreign-token";

struct Foreign {
    child: Child,
    base: String,
}

impl Foreign {
    async fn start() -> Self {
        let programs = programs().await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(programs.join("scim2-server"))
            .args(["--port", &port.to_string(), "--bearer-token", TOKEN])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "scim2-server ended");
            assert!(Instant::now() < patience, "scim2-server does not answer");
            tokio::task::yield_now().await;
        }
        Self { child, base: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn l14_a_foreign_desk_comes_to_rest() {
    let foreign = Foreign::start().await;
    let house = House::before(foreign.base.clone(), TOKEN.into(), tempfile::tempdir().unwrap());
    let staff = connection("staff", "");
    let mut lines = people(12);
    house.file(&lines);
    assert_eq!(house.succeed(&staff).await, RunCounts { created: 12, ..RunCounts::default() });
    let before = house.versions().await;
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 12, ..RunCounts::default() });
    assert_eq!(house.versions().await, before);
    lines[1].title = "Manager".into();
    lines[2].mail = mail(20);
    lines[3].title = String::new();
    lines.truncate(11);
    house.file(&lines);
    let counts = house.succeed(&staff).await;
    assert_eq!(counts, RunCounts { updated: 3, deactivated: 1, unchanged: 8, ..RunCounts::default() });
    let contacts = house.contacts().await;
    assert_eq!(contacts[&mail(1)]["title"], "Manager");
    assert!(contacts.contains_key(&mail(20)) && contacts[&mail(3)].get("title").is_none());
    assert_eq!(contacts[&mail(11)]["active"], false);
    let before = house.versions().await;
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 11, ..RunCounts::default() });
    assert_eq!(house.versions().await, before);
}
