//! The ways into Dovecot that a [`Setup`](super::Setup) asks for, and the files that tell it so.

use std::fs;
use std::path::Path;

/// What the files with the passwords serve. A token must never be compared with a password.
const WITH_PASSWORDS: &str = "plain login apop cram-md5 scram-sha-1 scram-sha-256";

/// The part of a set-up that is about SASL.
#[derive(Default)]
pub(super) struct Sasl {
    /// In lower case; if there are none, those that work.
    pub(super) mechanisms: Vec<String>,
    /// Whom ANONYMOUS logs in.
    pub(super) anonymous: Option<String>,
    /// In base64: whose tokens are taken.
    pub(super) token_key: Option<String>,
    /// In PEM: whose certificates are believed.
    pub(super) client_root: Option<String>,
}

impl Sasl {
    /// Writes what [`Self::configuration`] speaks of, for these users.
    pub(super) fn write<'a>(&self, directory: &Path, users: impl Iterator<Item = &'a str>) {
        if let Some(key) = &self.token_key {
            // Dovecot looks for the parts of the name in the token, and has "default" for those that it lacks.
            let keys = directory.join("keys/default/HS256");
            fs::create_dir_all(&keys).expect("a directory for keys");
            fs::write(keys.join("default"), key).expect("a key");
            let settings = format!(
                "introspection_mode = local\nusername_attribute = sub\n\
                 local_validation_key_dict = fs:posix:prefix={}/keys/\n",
                directory.display()
            );
            fs::write(directory.join("oauth2.conf"), settings).expect("oauth2.conf");
        }
        if let Some(root) = &self.client_root {
            fs::write(directory.join("client-root.pem"), root).expect("client-root.pem");
            // Where there is a password, Dovecot does not do without.
            let names: String = users.map(|name| format!("{name}:\n")).collect();
            fs::write(directory.join("names"), names).expect("names");
        }
    }

    /// Lines of Dovecot's configuration: who may come in, and how.
    pub(super) fn configuration(&self, directory: &Path) -> String {
        let root = directory.display();
        let mut lines = format!(
            r"
auth_mechanisms = {}
passdb {{
  driver = passwd-file
  args = {root}/users
  mechanisms = {WITH_PASSWORDS}
}}
",
            self.announced()
        );
        if let Some(user) = &self.anonymous {
            lines += &format!("auth_anonymous_username = {user}\n");
        }
        if self.token_key.is_some() {
            lines += &format!(
                r"
passdb {{
  driver = oauth2
  args = {root}/oauth2.conf
  mechanisms = xoauth2 oauthbearer
}}
"
            );
        }
        if self.client_root.is_some() {
            lines += &format!(
                r"
ssl_ca = <{root}/client-root.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
passdb {{
  driver = passwd-file
  args = {root}/names
  mechanisms = external
  default_fields = nopassword
}}
"
            );
        }
        lines
    }

    fn announced(&self) -> String {
        if !self.mechanisms.is_empty() {
            return self.mechanisms.join(" ");
        }
        let mut mechanisms = WITH_PASSWORDS.to_owned();
        for (wanted, names) in [
            (self.anonymous.is_some(), " anonymous"),
            (self.token_key.is_some(), " xoauth2 oauthbearer"),
            (self.client_root.is_some(), " external"),
        ] {
            if wanted {
                mechanisms += names;
            }
        }
        mechanisms
    }
}
