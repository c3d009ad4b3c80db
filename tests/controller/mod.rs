//! What happens on a real Kubernetes API server.

mod admission;
