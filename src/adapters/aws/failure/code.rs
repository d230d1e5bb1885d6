//! The table of AWS's error codes. Services spell the same thing in many ways.

use super::{Class, THROTTLE};

/// What an error code is. The status decides where the code is not known.
pub(super) fn class(code: &str, status: u16, message: &str) -> Class {
    match code {
        // DynamoDB and SSM tell of clocks under the code of a bad signature.
        "InvalidSignatureException" | "SignatureDoesNotMatch" if tells_of_clocks(message) => {
            Class::Skewed
        }
        "RequestTimeTooSkewed" | "RequestInTheFuture" | "RequestExpired" => Class::Skewed,
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => Class::Worn,
        "AuthFailure"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClient"
        | "UnrecognizedClientException" => Class::BadCredentials,
        "NotAuthorized"
        | "OptInRequired"
        | "RegionDisabledException"
        | "SubscriptionRequiredException"
        | "UnauthorizedOperation" => Class::Refused,
        _ if code.starts_with("AccessDenied") => Class::Refused,
        _ if is_throttle(code) => Class::Throttled(THROTTLE),
        "ClusterNotFoundException"
        | "ParameterNotFound"
        | "ParameterVersionNotFound"
        | "ResourceNotFoundException"
        | "ServiceNotFoundException"
        | "TableNotFoundException" => Class::Missing,
        "ConditionalCheckFailedException" | "ResourceInUseException" => Class::Conflict,
        "InternalFailure"
        | "InternalServerError"
        | "InternalServerErrorException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "ServerException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "TransactionConflictException" => Class::Unavailable,
        "InvalidParameterException"
        | "ItemCollectionSizeLimitExceededException"
        | "MalformedPolicyDocument"
        | "PackedPolicyTooLarge" => Class::Invalid,
        _ if code.starts_with("Validation") => Class::Invalid,
        _ => by_status(status),
    }
}

fn by_status(status: u16) -> Class {
    match status {
        401 | 403 => Class::Refused,
        404 => Class::Missing,
        408 | 500.. => Class::Unavailable,
        409 | 412 => Class::Conflict,
        429 => Class::Throttled(THROTTLE),
        400..=499 => Class::Invalid,
        // No error has such a status: whoever answered is not AWS.
        _ => Class::Silent,
    }
}

fn is_throttle(code: &str) -> bool {
    code.starts_with("Throttl")
        || code.starts_with("TooManyRequests")
        || code.starts_with("RequestThrottled")
        || [
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "SlowDown",
        ]
        .contains(&code)
}

fn tells_of_clocks(message: &str) -> bool {
    ["Signature expired", "Signature not yet current"]
        .iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_what_its_service_means_by_it() {
        for (code, status, wanted) in [
            ("ThrottlingException", 400, Class::Throttled(THROTTLE)),
            ("Throttling", 400, Class::Throttled(THROTTLE)),
            ("TooManyRequestsException", 429, Class::Throttled(THROTTLE)),
            ("RequestLimitExceeded", 503, Class::Throttled(THROTTLE)),
            (
                "ProvisionedThroughputExceededException",
                400,
                Class::Throttled(THROTTLE),
            ),
            ("AccessDenied", 403, Class::Refused),
            ("AccessDeniedException", 400, Class::Refused),
            ("UnauthorizedOperation", 403, Class::Refused),
            ("RegionDisabledException", 403, Class::Refused),
            ("InvalidClientTokenId", 403, Class::BadCredentials),
            ("UnrecognizedClientException", 400, Class::BadCredentials),
            ("SignatureDoesNotMatch", 403, Class::BadCredentials),
            ("ExpiredToken", 403, Class::Worn),
            ("ExpiredTokenException", 400, Class::Worn),
            ("RequestTimeTooSkewed", 403, Class::Skewed),
            ("ResourceNotFoundException", 400, Class::Missing),
            ("ParameterNotFound", 400, Class::Missing),
            ("ClusterNotFoundException", 400, Class::Missing),
            ("ServiceNotFoundException", 400, Class::Missing),
            ("ValidationException", 400, Class::Invalid),
            ("ValidationError", 400, Class::Invalid),
            ("PackedPolicyTooLarge", 400, Class::Invalid),
            ("ConditionalCheckFailedException", 400, Class::Conflict),
            ("ServerException", 500, Class::Unavailable),
            ("InternalServerError", 500, Class::Unavailable),
            ("SomethingNew", 400, Class::Invalid),
            ("SomethingNew", 403, Class::Refused),
            ("SomethingNew", 429, Class::Throttled(THROTTLE)),
            ("", 503, Class::Unavailable),
            ("", 302, Class::Silent),
        ] {
            assert_eq!(class(code, status, ""), wanted, "{code} {status}");
        }
    }

    #[test]
    fn a_signature_that_is_too_old_is_about_clocks() {
        let said = "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z";
        assert_eq!(class("InvalidSignatureException", 400, said), Class::Skewed);
        assert_eq!(class("SignatureDoesNotMatch", 403, said), Class::Skewed);
    }
}
