//! What the embedded Postgres promises: a real server with TLS, and none left behind.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic)]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use embedded::postgres::{Postgres, PostgresError, PostgresOptions, test_database};
use tokio_postgres::{Client, config::SslMode};

/// Logs in as an ordinary client does: over TCP, checking certificate and name.
async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    connect_to(url, "localhost", SslMode::Require).await
}

async fn connect_to(url: &str, host: &str, ssl: SslMode) -> Result<Client, tokio_postgres::Error> {
    let (address, parameters) = url.split_once('?').unwrap();
    let root = parameters.split_once("sslrootcert=").unwrap().1;
    let root = percent_encoding::percent_decode_str(root).decode_utf8().unwrap().into_owned();
    let tls = native_tls::TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(
            native_tls::Certificate::from_pem(&std::fs::read(root).unwrap()).unwrap(),
        )
        .build()
        .unwrap();
    let mut config = address.replace("localhost", host).parse::<tokio_postgres::Config>().unwrap();
    config.ssl_mode(ssl);
    let (client, connection) =
        config.connect(postgres_native_tls::MakeTlsConnector::new(tls)).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn text(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.unwrap().get(0)
}

fn quiet(_: &str) {}

/// A directory that the server's user can enter, should the tests run as root.
fn temporary() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    dir
}

fn options(dir: &Path) -> PostgresOptions {
    PostgresOptions { dir: dir.to_owned(), port: 0, durable: false }
}

/// The processes whose command line names the directory.
fn processes_of(dir: &Path) -> Vec<String> {
    let output = Command::new("ps").args(["-eww", "-o", "pid=,command="]).output().unwrap();
    let dir = dir.to_string_lossy().into_owned();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter(|line| line.contains(&dir) && !line.contains("defunct"))
        .map(str::to_owned)
        .collect()
}

async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_test_gets_an_empty_database_over_tls() {
    let database = test_database().await;
    let client = connect(&database.url).await.unwrap();
    assert_eq!(text(&client, "SELECT current_database()::text").await, database.name);
    let tables = "SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(text(&client, tables).await, "0");
    let tls = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(text(&client, tls).await, "true");
    assert_eq!(text(&client, "SHOW server_encoding").await, "UTF8");
}

#[tokio::test]
async fn two_tests_never_share_a_database() {
    let (one, other) = tokio::join!(test_database(), test_database());
    assert_ne!(one.url, other.url);
    let client = connect(&one.url).await.unwrap();
    client.batch_execute("CREATE SCHEMA s; CREATE TABLE s.t (a int)").await.unwrap();
    let client = connect(&other.url).await.unwrap();
    assert!(client.batch_execute("SELECT * FROM s.t").await.is_err());
}

#[tokio::test]
async fn the_owner_is_no_superuser() {
    let database = test_database().await;
    let client = connect(&database.url).await.unwrap();
    let query = "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user";
    assert_eq!(text(&client, query).await, "false");
}

#[tokio::test]
async fn without_tls_nobody_gets_in() {
    let database = test_database().await;
    assert!(connect_to(&database.url, "localhost", SslMode::Disable).await.is_err());
}

#[tokio::test]
async fn the_certificate_holds_for_the_address_too() {
    let database = test_database().await;
    connect_to(&database.url, "127.0.0.1", SslMode::Require).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let database = test_database().await;
    let (head, tail) = database.url.split_once('@').unwrap();
    let forged = format!("{}x@{tail}", head.trim_end_matches(char::is_alphanumeric));
    assert!(connect(&forged).await.is_err());
}

#[tokio::test]
async fn a_kept_cluster_keeps_its_data_and_its_password() {
    let temporary = temporary();
    let dir = temporary.path().join("a directory with spaces/pg");
    let postgres = Postgres::start(options(&dir), &quiet).await.unwrap();
    postgres.create_database("sales of São José").await.unwrap();
    postgres.create_database("sales of São José").await.unwrap();
    let client = connect(&postgres.url("sales of São José")).await.unwrap();
    client.batch_execute("CREATE TABLE t AS SELECT 7 AS a").await.unwrap();
    drop(client);
    let (password, dir) = (postgres.password().to_owned(), postgres.dir().to_owned());
    postgres.stop().await;
    assert_eq!(processes_of(&dir), Vec::<String>::new());

    let postgres = Postgres::start(options(&dir), &quiet).await.unwrap();
    assert_eq!(postgres.password(), password);
    let client = connect(&postgres.url("sales of São José")).await.unwrap();
    assert_eq!(text(&client, "SELECT a::text FROM t").await, "7");
    drop(client);
    postgres.stop().await;
}

/// Only root has a user to step down to; for others the directory asked for is taken as it is.
#[tokio::test]
async fn a_directory_that_the_servers_user_cannot_enter_is_replaced_and_said() {
    let closed = tempfile::tempdir_in("/tmp").unwrap();
    let said = std::sync::Mutex::new(Vec::new());
    let postgres = Postgres::start(options(&closed.path().join("pg")), &|line| {
        said.lock().unwrap().push(line.to_owned());
    })
    .await
    .unwrap();
    let dir = postgres.dir().to_owned();
    postgres.stop().await;
    if !dir.starts_with(closed.path()) {
        let said = said.lock().unwrap().concat();
        assert!(said.contains(&*dir.to_string_lossy()), "{said}");
        std::fs::remove_dir_all(dir).unwrap();
    }
}

#[tokio::test]
async fn two_processes_do_not_share_a_cluster() {
    let temporary = temporary();
    let postgres = Postgres::start(options(&temporary.path().join("pg")), &quiet).await.unwrap();
    let second = Postgres::start(options(postgres.dir()), &quiet).await;
    assert!(matches!(second, Err(PostgresError::InUse(_))), "{second:?}");
    postgres.stop().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_with_the_servers_own_words() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let _other_family = std::net::TcpListener::bind(("::1", port));
    let temporary = temporary();
    let options = PostgresOptions { port, ..options(&temporary.path().join("pg")) };
    let error = Postgres::start(options, &quiet).await.unwrap_err().to_string();
    assert!(error.contains("could not bind"), "{error}");
}

const CHILD_DIR: &str = "RIACHO_TEST_CLUSTER";

/// Not a test: what the next ones run as a process of its own and kill.
#[tokio::test]
#[ignore = "run by other tests, as the process that they kill"]
async fn a_process_that_holds_a_cluster() {
    let Ok(dir) = std::env::var(CHILD_DIR) else {
        return;
    };
    let postgres = match dir.as_str() {
        "throwaway" => Postgres::start_throwaway(&quiet).await,
        dir => Postgres::start(options(Path::new(dir)), &quiet).await,
    };
    let postgres = postgres.unwrap_or_else(|error| panic!("{error}"));
    println!("CLUSTER {}", postgres.dir().display());
    tokio::time::sleep(Duration::from_secs(120)).await;
}

/// A child process with a running cluster, and where that stands.
fn holder(dir: &str) -> (std::process::Child, PathBuf) {
    use std::io::BufRead;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_that_holds_a_cluster", "--ignored", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let cluster = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("CLUSTER ")?.1.to_owned()))
        .unwrap();
    (child, PathBuf::from(cluster))
}

#[tokio::test]
async fn a_killed_process_leaves_no_server_and_no_litter() {
    // The second is a terminal's Ctrl-C: it goes to the whole process group.
    for signal in ["KILL", "INT"] {
        let (mut child, dir) = holder("throwaway");
        assert!(!processes_of(&dir).is_empty());
        let group = format!("-{}", child.id());
        let sent = Command::new("kill").args(["-s", signal, "--", &group]).status();
        assert!(sent.unwrap().success());
        child.wait().unwrap();
        eventually("the server is gone", || processes_of(&dir).is_empty()).await;
        eventually("the directory is gone", || !dir.parent().unwrap().exists()).await;
    }
}

#[test]
fn a_wrong_directory_of_programs_is_named() {
    for (variable, value) in
        [("RIACHO_POSTGRES_BIN", "/nowhere/bin"), ("RIACHO_POSTGRES", "whatever")]
    {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_that_holds_a_cluster", "--ignored", "--nocapture"])
            .env(CHILD_DIR, "throwaway")
            .env(variable, value)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(variable) && said.contains(value), "{said}");
    }
}

#[tokio::test]
async fn a_process_killed_while_the_cluster_is_made_leaves_nothing_either() {
    let temporary = temporary();
    let wanted = temporary.path().join("pg");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_process_that_holds_a_cluster", "--ignored", "--nocapture"])
        .env(CHILD_DIR, &wanted)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let data = wanted.join("data.new");
    eventually("initdb works", || data.join("base").exists()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!wanted.join("data").exists(), "killed too late to say anything");
    eventually("all is gone", || processes_of(&wanted).is_empty()).await;
    let postgres = Postgres::start(options(&wanted), &quiet).await.unwrap();
    postgres.stop().await;
}

#[tokio::test]
async fn after_a_crash_of_everything_the_cluster_starts_again() {
    let temporary = temporary();
    let wanted = temporary.path().join("pg");
    let (mut child, dir) = holder(&wanted.to_string_lossy());
    for line in processes_of(&dir) {
        let pid = line.split_whitespace().next().unwrap().to_owned();
        let _ = Command::new("kill").args(["-9", &pid]).status();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The number in the file may belong to anybody by now: to this process, for one.
    let stale = dir.join("data/postmaster.pid");
    let recycled = std::fs::read_to_string(&stale).unwrap();
    let rest = recycled.split_once('\n').unwrap().1;
    std::fs::write(&stale, format!("{}\n{rest}", std::process::id())).unwrap();
    let sockets = PathBuf::from(std::fs::read_to_string(dir.join("run")).unwrap());
    assert!(sockets.exists());

    let postgres = Postgres::start(options(&dir), &quiet).await.unwrap();
    postgres.create_database("again").await.unwrap();
    assert!(!sockets.exists());
    postgres.stop().await;
}

#[tokio::test]
async fn a_server_that_lost_its_supervisor_is_ended_by_the_next_start() {
    let temporary = temporary();
    let (mut child, dir) = holder(&temporary.path().join("pg").to_string_lossy());
    for line in processes_of(&dir) {
        if line.contains("riacho-postgres") && !line.contains("bin/postgres ") {
            let pid = line.split_whitespace().next().unwrap().to_owned();
            let _ = Command::new("kill").args(["-9", &pid]).status();
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!processes_of(&dir).is_empty());

    let postgres = Postgres::start(options(&dir), &quiet).await.unwrap();
    postgres.create_database("again").await.unwrap();
    postgres.stop().await;
    assert_eq!(processes_of(&dir), Vec::<String>::new());
}
