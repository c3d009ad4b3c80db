use super::*;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn cluster(hosts: &[&str]) -> Reach {
    Reach::limited(true, false, hosts.iter().map(|host| host.parse().unwrap()).collect())
}

#[test]
fn a_person_calls_https_anywhere_and_this_machine() {
    let reach = Reach::default();
    let check = |text| reach.check_url(&url(text));
    assert_eq!(check("https://desk.example/scim"), Ok(()));
    assert_eq!(check("http://127.0.0.1:8080/scim"), Ok(()));
    assert_eq!(check("http://[::1]:8080/scim"), Ok(()));
    assert_eq!(check("http://localhost/scim"), Ok(()));
    assert_eq!(check("http://desk.example/scim"), Err(ReachError::Plain));
    assert_eq!(check("http://desk.support.svc/scim"), Err(ReachError::Plain));
    assert_eq!(check("ftp://desk.example/"), Err(ReachError::Scheme));
    assert_eq!(check("https://me:secret@desk.example/"), Err(ReachError::Credentials));
}

#[test]
fn addresses_of_clouds_are_never_called_however_they_are_written() {
    let written = [
        "https://169.254.169.254/scim",
        "https://2852039166/scim",
        "https://0xa9.0xfe.0xa9.0xfe/",
        "https://[fe80::1]/scim",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[fd00:ec2::254]/",
        "https://[fd00:ec2::23]/",
        "https://[fd20:ce::254]/",
        "https://[fd00:c1::a9fe:a9fe]/",
        "https://[64:ff9b:1::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::1]/",
        "https://[::169.254.169.254]/",
        "https://168.63.129.16/",
        "https://100.100.100.200/",
    ];
    for reach in [Reach::default(), cluster(&[]), Reach::operators()] {
        for text in written {
            assert_eq!(reach.check_url(&url(text)), Err(ReachError::LinkLocal), "{text}");
        }
    }
}

#[test]
fn a_controller_does_not_call_its_own_machine_unless_the_operator_lets_it() {
    let written = [
        "http://127.0.0.1:8081/",
        "https://127.1/",
        "https://2130706433/",
        "http://0.0.0.0:8081/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://desk.localhost/",
    ];
    for text in written {
        assert_eq!(cluster(&[]).check_url(&url(text)), Err(ReachError::Loopback), "{text}");
    }
    assert_eq!(Reach::limited(false, true, vec![]).check_url(&url("http://127.0.0.1:1/")), Ok(()));
}

#[test]
fn names_that_lead_to_such_addresses_lead_nowhere() {
    let found = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
    let both = found(&["127.0.0.1:1", "169.254.169.254:1", "[::1]:1", "[::ffff:169.254.0.1]:1", "192.0.2.1:1"]);
    assert_eq!(cluster(&[]).callable(both.iter().copied()), found(&["192.0.2.1:1"]));
    assert_eq!(Reach::default().callable(both.into_iter()), found(&["127.0.0.1:1", "[::1]:1", "192.0.2.1:1"]));
}

#[test]
fn plain_http_goes_to_services_of_the_cluster_where_the_operator_lets_it() {
    let check = |text| cluster(&[]).check_url(&url(text));
    assert_eq!(check("http://desk.support.svc/scim"), Ok(()));
    assert_eq!(check("http://desk.support.svc.cluster.local:8080/scim"), Ok(()));
    assert_eq!(check("http://desk.example/scim"), Err(ReachError::Plain));
    assert_eq!(check("http://svc/"), Err(ReachError::Plain));
    assert_eq!(check("http://desk.svc.cluster.local.evil.example/"), Err(ReachError::Plain));
    let strict = Reach::limited(false, false, vec![]);
    assert_eq!(strict.check_url(&url("http://desk.support.svc/scim")), Err(ReachError::Plain));
}

#[test]
fn only_listed_hosts_are_called_where_there_is_a_list() {
    let reach = cluster(&["desk.example", "*.kdesk.example", "192.0.2.7"]);
    let check = |text| reach.check_url(&url(text));
    for text in
        ["https://desk.example/", "https://DESK.example.:8443/", "https://a.b.kdesk.example/", "https://192.0.2.7/"]
    {
        assert_eq!(check(text), Ok(()), "{text}");
    }
    for text in [
        "https://kdesk.example/",
        "https://evilkdesk.example/",
        "https://kdesk.example.evil.example/",
        "https://evil.example/desk.example",
        "https://192.0.2.8/",
        "https://sub.desk.example/",
    ] {
        assert_eq!(check(text), Err(ReachError::Host), "{text}");
    }
    assert_eq!(reach.check_host(&Host::parse("dc1.kdesk.example").unwrap()), Ok(()));
    assert_eq!(reach.check_host(&Host::parse("dc1.evil.example").unwrap()), Err(ReachError::Host));
}

#[test]
fn a_pattern_is_a_host_and_nothing_more() {
    for text in
        ["", "*", "*.", "https://desk.example", "desk.example:443", "desk.example/scim", "*.*.example", "*.192.0.2.1"]
    {
        assert_eq!(text.parse::<HostPattern>(), Err(NoHostPattern), "{text}");
    }
    assert_eq!("[2001:db8::1]".parse::<HostPattern>().unwrap().host, "[2001:db8::1]");
}
