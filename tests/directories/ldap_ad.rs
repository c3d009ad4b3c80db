//! The same promises on Samba as an Active Directory.
