//! Services without pods: the API server's proxy reaches a port of this machine.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::{ADMIN, Cluster};

/// An address of this machine that is not loopback: an `EndpointSlice` may not hold those.
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
        let slice = serde_json::json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
            "endpoints": [{"addresses": [address.ip()], "conditions": {"ready": true}}],
            "ports": [{"name": "logs", "port": address.port(), "protocol": "TCP"}],
        });
        // The proxy of some versions looks at the older kind.
        let endpoints = serde_json::json!({
            "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": namespace},
            "subsets": [{
                "addresses": [{"ip": address.ip()}], "ports": [{"name": "logs", "port": address.port(), "protocol": "TCP"}],
            }],
        });
        for object in [service, slice, endpoints] {
            self.kubectl_as(ADMIN, &["apply", "-f", "-"], &object.to_string()).await.ok();
        }
    }
}
