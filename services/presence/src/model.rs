//! What presence is about, always valid.

mod lease;
mod presence;
mod standing;
mod status_text;
mod typing;

pub(crate) use lease::{Device, Renewal, Renewed};
pub(crate) use presence::{Appearance, Presence};
pub(crate) use standing::{Availability, Setting, Standing, Version};
pub(crate) use status_text::StatusText;
pub(crate) use typing::Typing;
