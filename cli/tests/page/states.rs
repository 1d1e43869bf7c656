//! Every page in every state it can be in: axe-core finds nothing wrong with it, and it fits a window of 320 pixels.
