//! What an incident means at one moment: for a connection, a message, a store, a user.
