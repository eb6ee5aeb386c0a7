//! Passwords: Argon2id in PHC form.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tessera_kernel::{Code, Fault, Random, Result, Secret};

/// OWASP's first recommendation for Argon2id: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// No longer password is hashed, so that a long one cannot be used to keep the server busy.
const PASSWORD_BYTES_MAX: usize = 1024;

/// Makes and checks password hashes, at most a few at a time, off the event loop.
#[derive(Clone)]
pub struct Passwords {
    random: Arc<dyn Random>,
    min_characters: usize,
    // Each hash takes 19 MiB and a core: more at once would slow everything else.
    slots: Arc<tokio::sync::Semaphore>,
}

impl Passwords {
    /// Passwords of at least `min_characters`.
    #[must_use]
    pub fn new(random: Arc<dyn Random>, min_characters: usize) -> Self {
        Self { random, min_characters, slots: Arc::new(tokio::sync::Semaphore::new(2)) }
    }

    /// Refuses a password that is too short or too long.
    ///
    /// # Errors
    /// `Invalid` for the field `password`.
    pub fn check_strength(&self, password: &Secret) -> Result<()> {
        if password.expose().chars().count() < self.min_characters {
            return Err(Fault::invalid(
                "password",
                format!("a password needs at least {} characters", self.min_characters),
            ));
        }
        if password.expose().len() > PASSWORD_BYTES_MAX {
            return Err(Fault::invalid(
                "password",
                format!("a password has at most {PASSWORD_BYTES_MAX} bytes"),
            ));
        }
        Ok(())
    }

    /// Hashes a password that is strong enough.
    ///
    /// # Errors
    /// `Invalid` if it is not.
    pub async fn hash(&self, password: &Secret) -> Result<String> {
        self.check_strength(password)?;
        let mut salt = [0_u8; 16];
        self.random.fill(&mut salt);
        let password = password.clone();
        self.in_background(move || {
            let salt = SaltString::encode_b64(&salt)
                .map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
            hasher()?
                .hash_password(password.expose().as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(|error| Fault::new(Code::Internal, error.to_string()))
        })
        .await?
    }

    /// Whether a password fits a hash. Without a hash it takes as long, and the answer is no.
    ///
    /// # Errors
    /// Only if the background pool is gone.
    pub async fn verify(&self, password: &Secret, hash: Option<&str>) -> Result<bool> {
        // The hash of a text nobody knows, so that an unknown address takes as long as a known one.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$YQF7fBQPBBXCbHcqeb3Xc0BzzVxjRVXXjWwzzZ8N0cs";
        let known = hash.is_some();
        let hash = hash.unwrap_or(NOBODY).to_owned();
        let password = password.clone();
        let fits = self
            .in_background(move || {
                if password.expose().len() > PASSWORD_BYTES_MAX {
                    return false;
                }
                let Ok(parsed) = PasswordHash::new(&hash) else { return false };
                hasher().is_ok_and(|hasher| {
                    hasher.verify_password(password.expose().as_bytes(), &parsed).is_ok()
                })
            })
            .await?;
        Ok(fits && known)
    }

    async fn in_background<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _slot = self
            .slots
            .acquire()
            .await
            .map_err(|error| Fault::internal("the password slots are closed", error))?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| Fault::internal("a password hash did not finish", error))
    }
}

fn hasher() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| Fault::new(Code::Internal, error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::SystemRandom;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new(Arc::new(SystemRandom), 10);
        let hash = passwords.hash(&Secret::new("correct horse")).await.expect("hashes");
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify(&Secret::new("correct horse"), Some(&hash)).await.expect("runs"));
        assert!(!passwords.verify(&Secret::new("wrong horse!"), Some(&hash)).await.expect("runs"));
        assert!(!passwords.verify(&Secret::new("correct horse"), None).await.expect("runs"));
    }

    #[tokio::test]
    async fn a_short_password_is_refused_with_the_number_of_characters_needed() {
        let passwords = Passwords::new(Arc::new(SystemRandom), 10);
        let fault = passwords.hash(&Secret::new("ninechars")).await.expect_err("too short");
        assert_eq!(fault.field(), Some("password"));
        assert!(fault.detail().contains("10"));
    }
}
