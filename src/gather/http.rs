//! One unsigned HTTP request.
