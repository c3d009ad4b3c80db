//! Services whose pod is a port of this machine: what the API server's proxy reaches.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::{ADMIN, Cluster};

/// An address of this machine that is not loopback: endpoints may not hold those.
pub fn own_address() -> IpAddr {
    // Nothing is sent: the system only says from where it would be.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket
        .connect("198.51.100.1:9")
        .expect("this machine has no address but loopback: the API server's proxy needs one");
    socket.local_addr().unwrap().ip()
}

impl Cluster {
    /// A Service of run logs whose one endpoint is this address.
    pub async fn service(&self, namespace: &str, name: &str, address: SocketAddr) {
        let service = serde_json::json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "labels": {"kdesk.seraphex.net/serves": "logs"}},
            "spec": {"ports": [{"name": "logs", "port": 8082, "targetPort": address.port()}]},
        });
        // The proxy goes to addresses of pods only: there is one, as far as its status says.
        let pod = serde_json::json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace},
            "spec": {"containers": [{"name": "controller", "image": "nothing"}]},
        });
        let status = serde_json::json!({"status": {"podIP": address.ip(), "podIPs": [{"ip": address.ip()}]}});
        let endpoints = serde_json::json!({
            "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": namespace},
            "subsets": [{
                "addresses": [{
                    "ip": address.ip(), "targetRef": {"kind": "Pod", "name": name, "namespace": namespace},
                }],
                "ports": [{"name": "logs", "port": address.port(), "protocol": "TCP"}],
            }],
        });
        for object in [service, pod, endpoints] {
            self.kubectl_as(ADMIN, &["apply", "-f", "-"], &object.to_string()).await.ok();
        }
        let patch =
            ["patch", "pod", name, "-n", namespace, "--subresource=status", "--type=merge", "-p", &status.to_string()];
        self.kubectl(&patch).await.ok();
    }
}
