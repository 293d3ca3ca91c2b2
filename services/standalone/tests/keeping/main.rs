//! Keeping house: the commands of `loquat` beside serving, on folders of data from which real processes serve.

mod backup;
mod commands;
mod copied_back;
mod planting;
mod program;
mod restore;
mod traffic;
mod verify;
