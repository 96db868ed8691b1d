//! `GET /status` and `GET /receivers`: the daemon's version and configuration, and its receivers.
//!
//! Owns both answers, which are made from the configuration in force. Runs on the connections' threads.

use std::sync::Arc;

use crate::api::error::ApiError;
use crate::api::filters::{receiver_matchers, satisfies};
use crate::api::http::Answer;
use crate::api::params::Params;
use crate::api::router::Api;
use crate::api::wire::{ClusterShape, StatusShape, receivers_list, status_object};

/// Answers with version, start time, cluster and configuration.
pub fn status(api: &Api) -> Result<Answer, ApiError> {
    let config = api.heard(api.inbox.config())?;
    let settings = &api.settings;
    let own = settings.cluster.as_ref();
    let json = status_object(&StatusShape {
        cluster: ClusterShape {
            own: own.map(|peer| (peer.name.as_str(), peer.address.as_str())),
        },
        config: &config.original,
        started_at: settings.started_at,
        build: settings.build,
    });
    Ok(Answer::json(200, json))
}

/// Lists the receivers of the configuration, used by a route or not, in the order of the file.
pub fn receivers(api: &Api, params: &Params) -> Result<Answer, ApiError> {
    let matchers = receiver_matchers(params, api.settings.parser_mode)?;
    let config = api.heard(api.inbox.config())?;
    let wanted = config
        .receivers
        .iter()
        .map(Arc::as_ref)
        .filter(|receiver| satisfies(receiver, &matchers));
    Ok(Answer::json(200, receivers_list(wanted)))
}
