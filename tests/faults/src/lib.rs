//! The fault harness: it runs Loquat as real processes, breaks what it stands on, writes down everything that clients asked
//! and were told, and judges that history against the promises.
//!
//! Does not belong here: anything that a product binary uses, and any knowledge of the product's inside. What is not seen
//! through the public contract is not seen.

pub mod checker;
pub mod history;
