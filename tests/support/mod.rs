//! Servers and makers that tests share.

<<<<<<< HEAD
pub mod company;
pub mod samba;
pub mod slapd;
=======
pub mod misbehaving_desk;
>>>>>>> desk
