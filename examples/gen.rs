fn main(){ contactsync::api::write_crds(std::path::Path::new("crds")).unwrap(); }
