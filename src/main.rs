fn main() {
    for crd in contactsync::api::crds() {
        println!("---\n{}", serde_yaml::to_string(&crd).unwrap());
    }
}
