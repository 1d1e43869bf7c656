//! route53
