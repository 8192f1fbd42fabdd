//! The log-in: capabilities, AUTH or APOP or USER and PASS, capabilities again.

use core::fmt;

use super::Next;
use super::choice::Choice;
use super::credentials::Credentials;
use super::policy::{Authentication, InitialResponse, LoginPolicy};
use super::report::{ApopOutcome, LoginFailure, LoginMethod, LoginReport, Offer};
use super::speaker::Speaker;
use super::step::{Form, Line, Step};
use crate::MAX_COMMAND;
use crate::command::{Command, CommandKind};
use crate::event::Event;
use crate::features::{APOP, CAPA, SASL};
use crate::sasl::{
    self, Binding, ChannelBinding, Exchange, Mechanism, MechanismError, MechanismKind, Parameters,
};

/// A log-in: CAPA, AUTH or APOP or USER and PASS, CAPA.
///
/// It borrows the credentials, and keeps nothing else that is secret but what SCRAM computes, which it wipes.
pub struct Login<'c> {
    policy: LoginPolicy<'c>,
    credentials: Credentials<'c>,
    offered: Option<Offer>,
    method: LoginMethod,
    exchange: Option<Speaker<'c>>,
    apop: ApopOutcome,
    step: Step,
    /// Something was sent.
    begun: bool,
}

impl<'c> Login<'c> {
    /// A log-in by this policy, on a connection in the authorization state.
    #[must_use]
    pub fn new(policy: LoginPolicy<'c>, credentials: Credentials<'c>) -> Self {
        Self::with(None, policy, credentials)
    }

    /// A log-in with a mechanism of one's own, at its beginning. Of the policy, how to log in has no meaning.
    #[must_use]
    pub fn with_mechanism(policy: LoginPolicy<'c>, own: &'c mut dyn Mechanism) -> Self {
        Self::with(Some(Speaker::Own(own)), policy, Credentials::external())
    }

    fn with(
        exchange: Option<Speaker<'c>>,
        policy: LoginPolicy<'c>,
        credentials: Credentials<'c>,
    ) -> Self {
        let mut login = Self {
            policy,
            credentials,
            offered: policy.offered,
            method: LoginMethod::Own,
            exchange,
            apop: ApopOutcome::NotTried,
            step: Step::Send(Line::Capa),
            begun: false,
        };
        login.begin();
        login
    }

    /// Says what has become of the connection, where the log-in was made before it was opened: whether the greeting offered
    /// APOP, and what TLS there is. The rest of the policy stays.
    ///
    /// A log-in that has sent something belongs to its connection, and then this ends it with
    /// [`LoginFailure::AlreadyBegun`]: another connection takes another log-in, and another nonce.
    pub fn connected(
        &mut self,
        apop_offered: bool,
        tls: bool,
        channel_binding: Option<ChannelBinding<'c>>,
    ) {
        if self.begun {
            self.step = Step::Finished(Err(LoginFailure::AlreadyBegun));
            return;
        }
        self.policy.apop_offered = apop_offered;
        self.policy.tls = tls;
        self.policy.channel_binding = channel_binding;
        self.step = Step::Send(Line::Capa);
        self.begin();
    }

    /// What the log-in may do.
    pub const fn policy(&self) -> &LoginPolicy<'c> {
        &self.policy
    }

    fn begin(&mut self) {
        if !self.asks_capabilities() || self.offered.is_some() {
            self.choose();
        }
    }

    /// What the server has announced, as far as it is known by now.
    pub const fn offered(&self) -> Option<Offer> {
        self.offered
    }

    /// Why the client has cancelled the exchange, if it has and the server has not answered that yet. If the connection ends
    /// then, this is what the log-in failed for.
    pub const fn cancelled(&self) -> Option<LoginFailure> {
        if let Step::Send(Line::Cancel(error)) | Step::Sent(Line::Cancel(error)) = self.step {
            return Some(called_off(error));
        }
        None
    }

    /// What to do next. Asking changes nothing.
    pub fn next_step(&self) -> Next<'_, Result<LoginReport, LoginFailure>> {
        let (user, secret) = (self.credentials.user, self.credentials.secret);
        let line = match self.step {
            Step::Send(line) => line,
            Step::Sent(_) => return Next::Receive,
            Step::Finished(result) => return Next::Finished(result.map(|()| self.report())),
        };
        Next::Send(match (line, self.mechanism()) {
            (Line::Apop, _) => Command::Apop { user, secret },
            (Line::User, _) => Command::User(user),
            (Line::Pass, _) => Command::Pass(secret),
            (Line::Auth(form), Some(mechanism)) => Command::Auth {
                mechanism,
                initial_response: form == Form::OneLine,
            },
            (Line::Response, Some(mechanism)) => Command::Response(mechanism),
            (Line::Cancel(_), _) => Command::Cancel,
            (Line::Capa | Line::LastCapa | Line::Auth(_) | Line::Response, _) => Command::Capa,
        })
    }

    fn mechanism(&self) -> Option<&dyn Mechanism> {
        self.exchange
            .as_ref()
            .filter(|_| SASL)
            .map(Speaker::mechanism)
    }

    /// The command that [`Next::Send`] asked for is sent.
    pub const fn sent(&mut self) {
        if let Step::Send(line) = self.step {
            self.step = Step::Sent(line);
            self.begun = true;
        }
    }

    /// Takes note of an event. One that is not about the command sent last changes nothing.
    pub fn observe(&mut self, event: &Event<'_>) {
        let Step::Sent(line) = self.step else {
            if let (Event::Farewell { .. }, Step::Send(_)) = (event, self.step) {
                self.step = Step::Finished(Err(LoginFailure::Dismissed));
            }
            return;
        };
        let answers = |kind| {
            event
                .completes()
                .is_some_and(|request| request.kind == kind)
        };
        match (line, event) {
            (_, Event::Farewell { .. }) => {
                self.step = Step::Finished(Err(LoginFailure::Dismissed));
            }
            (Line::Capa, Event::Begin { .. }) => self.offered = Some(Offer::default()),
            (Line::Capa, Event::Capability { capability, .. }) => {
                if let Some(offered) = &mut self.offered {
                    offered.note(capability);
                }
            }
            (Line::Capa, _) if answers(CommandKind::Capa) => self.choose(),
            (Line::LastCapa, _) if answers(CommandKind::Capa) => self.step = Step::Finished(Ok(())),
            (Line::Auth(_) | Line::Response, Event::Challenge { challenge, .. }) => {
                let leave_to_speak = matches!(line, Line::Auth(Form::TwoSteps | Form::Again));
                let exchange = self.exchange.as_mut().filter(|_| SASL);
                self.step = match exchange.map(Speaker::mechanism_mut) {
                    Some(mechanism) if !(leave_to_speak && mechanism.speaks_first()) => {
                        match mechanism.take_challenge(*challenge) {
                            Ok(()) => Step::Send(Line::Response),
                            Err(error) => Step::Send(Line::Cancel(error)),
                        }
                    }
                    _ => Step::Send(Line::Response),
                };
            }
            (Line::Auth(_) | Line::Response | Line::Cancel(_), _)
                if SASL && answers(CommandKind::Auth) =>
            {
                self.exchange_ended(line, event);
            }
            (Line::User, _) if answers(CommandKind::User) => {
                self.answered(event, CommandKind::User, Step::Send(Line::Pass));
            }
            (Line::Pass, _) if answers(CommandKind::Pass) => {
                let logged_in = self.logged_in();
                self.answered(event, CommandKind::Pass, logged_in);
            }
            (Line::Apop, _) if answers(CommandKind::Apop) => {
                if let Event::Done { .. } = event {
                    self.apop = ApopOutcome::Accepted;
                    self.method = LoginMethod::Apop;
                    self.step = self.logged_in();
                } else {
                    self.apop = ApopOutcome::Refused;
                    self.after_apop(LoginFailure::Refused(CommandKind::Apop));
                }
            }
            _ => {}
        }
    }

    /// The server has answered a command: on `+OK`, this comes next.
    fn answered(&mut self, event: &Event<'_>, command: CommandKind, next: Step) {
        self.step = match event {
            Event::Done { .. } => next,
            _ => Step::Finished(Err(LoginFailure::Refused(command))),
        };
    }

    /// The server has ended the exchange, behind this line of the client's.
    fn exchange_ended(&mut self, line: Line, event: &Event<'_>) {
        let refused = Step::Finished(Err(LoginFailure::Refused(CommandKind::Auth)));
        self.step = match (line, self.method, event) {
            (Line::Cancel(error), ..) => Step::Finished(Err(called_off(error))),
            (.., Event::Done { .. }) => match self.check_success(line) {
                Ok(()) => self.logged_in(),
                Err(error) => Step::Finished(Err(LoginFailure::NotProved(error))),
            },
            // A code says what is wrong, and it is not the form of the command.
            (.., Event::Rejected { text, .. }) if text.response_code().is_some() => refused,
            (Line::Auth(Form::OneLine), LoginMethod::Sasl(kind), _)
                if self.policy.initial_response == InitialResponse::Auto =>
            {
                self.begin_exchange(kind, Form::Again)
            }
            // It has seen no secret yet, so it refuses the mechanism.
            (Line::Auth(Form::TwoSteps), ..)
                if self.policy.authentication == Authentication::Auto =>
            {
                match Choice::new(&self.policy, &self.credentials).after(self.method, self.offered)
                {
                    Some(method) => self.begin_method(method),
                    None => refused,
                }
            }
            _ => refused,
        };
    }

    fn check_success(&self, line: Line) -> Result<(), MechanismError> {
        let mechanism = self.mechanism().ok_or(MechanismError::NotProved)?;
        match line {
            // The client has not said anything yet.
            Line::Auth(Form::TwoSteps | Form::Again) => Err(MechanismError::NotProved),
            _ => mechanism.check_success(),
        }
    }

    /// The capabilities are known, as far as they will be: how to log in?
    fn choose(&mut self) {
        let named = match (&self.exchange, self.policy.authentication) {
            (Some(Speaker::Own(_)), _) | (_, Authentication::Auto) => None,
            (_, Authentication::Mechanism(kind)) => Some(LoginMethod::Sasl(kind)),
            (_, Authentication::UserPass) => Some(LoginMethod::UserPass),
            (_, Authentication::ApopOnly | Authentication::ApopThenUserPass) => {
                Some(LoginMethod::Apop)
            }
        };
        if named.is_some_and(|way| !self.credentials.kind.goes_with(way)) {
            self.step = Step::Finished(Err(LoginFailure::WrongCredentials));
            return;
        }
        self.step = match (&self.exchange, self.policy.authentication) {
            (Some(Speaker::Own(_)), _) if !SASL => {
                Step::Finished(Err(LoginFailure::Cancelled(MechanismError::NotAvailable)))
            }
            (Some(Speaker::Own(own)), _) => match own.check() {
                Ok(()) if self.policy.initial_response == InitialResponse::Always => {
                    Step::Send(Line::Auth(Form::OneLine))
                }
                Ok(()) => Step::Send(Line::Auth(Form::TwoSteps)),
                Err(error) => Step::Finished(Err(LoginFailure::Cancelled(error))),
            },
            (_, Authentication::Auto) => {
                match Choice::new(&self.policy, &self.credentials).first(self.offered) {
                    Ok(method) => self.begin_method(method),
                    Err(failure) => Step::Finished(Err(failure)),
                }
            }
            (_, Authentication::Mechanism(kind)) => self.begin_method(LoginMethod::Sasl(kind)),
            (_, Authentication::UserPass) => self.begin_method(LoginMethod::UserPass),
            // Left out of the build, it is sent nevertheless, and so refused: what this build cannot do is no reason to send the
            // password.
            (_, Authentication::ApopOnly | Authentication::ApopThenUserPass)
                if self.policy.apop_offered || !APOP =>
            {
                Step::Send(Line::Apop)
            }
            (_, Authentication::ApopOnly | Authentication::ApopThenUserPass) => {
                self.apop = ApopOutcome::NotOffered;
                return self.after_apop(LoginFailure::ApopNotOffered);
            }
        };
    }

    /// APOP has failed: only a policy that says so by name goes on to send the password.
    fn after_apop(&mut self, failure: LoginFailure) {
        self.step = match self.policy.authentication {
            Authentication::ApopThenUserPass => self.begin_method(LoginMethod::UserPass),
            _ => Step::Finished(Err(failure)),
        };
    }

    fn begin_method(&mut self, method: LoginMethod) -> Step {
        self.method = method;
        match method {
            LoginMethod::Sasl(kind) => self.begin_exchange(kind, Form::OneLine),
            _ => Step::Send(Line::User),
        }
    }

    /// A new exchange; in one line only if that is allowed.
    fn begin_exchange(&mut self, kind: MechanismKind, form: Form) -> Step {
        let exchange = Exchange::new(kind, &self.parameters(kind));
        // What it cannot say is found out before it begins.
        match exchange.and_then(|exchange| exchange.check().map(|()| exchange)) {
            Ok(exchange) => {
                let form = match form {
                    Form::OneLine if !self.fits_one_line(kind, &exchange) => Form::TwoSteps,
                    form => form,
                };
                self.exchange = Some(Speaker::Ours(exchange));
                Step::Send(Line::Auth(form))
            }
            Err(error) => Step::Finished(Err(LoginFailure::Cancelled(error))),
        }
    }

    fn parameters(&self, kind: MechanismKind) -> Parameters<'c> {
        let policy = &self.policy;
        let credentials = &self.credentials;
        // What the client cannot use, somebody on the way may have put there in place of what it could.
        let offers_binding = self.offered.is_some_and(|offer| {
            (offer.mechanisms.iter()).any(|kind| kind.binds_channel() && kind.is_available())
        });
        let binding = match policy.channel_binding {
            Some(binding) if kind.binds_channel() => Binding::Bound(binding),
            // RFC 5802 section 6: this tells a server that does offer it that somebody has struck it out on the way.
            Some(_) if self.offered.is_some() && !offers_binding => Binding::NotOffered,
            _ => Binding::Unsupported,
        };
        let mut parameters = match credentials.prepared {
            Some((user, secret)) if kind.is_scram() => Parameters::new(user, secret).prepared(),
            _ => Parameters::new(credentials.user, credentials.secret),
        };
        parameters.nonce = policy.nonce;
        parameters
            .authorization_id(credentials.authorization_id)
            .binding(binding)
            .iterations(policy.min_iterations, policy.max_iterations)
    }

    fn fits_one_line(&self, kind: MechanismKind, mechanism: &dyn Mechanism) -> bool {
        if !mechanism.speaks_first() {
            return false;
        }
        let token = matches!(kind, MechanismKind::Xoauth2 | MechanismKind::Oauthbearer);
        let announced = self
            .offered
            .is_some_and(|offer| offer.mechanisms.contains(kind));
        match self.policy.initial_response {
            InitialResponse::Never => false,
            InitialResponse::Always => true,
            InitialResponse::Auto => {
                // "AUTH ", a blank, and the line end.
                let around = mechanism.name().len().saturating_add(8);
                let response = sasl::length(mechanism);
                let octets = response.saturating_add(around);
                announced && !token && octets <= MAX_COMMAND
            }
        }
    }

    const fn asks_capabilities(&self) -> bool {
        CAPA && self.policy.ask_capabilities
    }

    const fn logged_in(&self) -> Step {
        if self.asks_capabilities() {
            Step::Send(Line::LastCapa)
        } else {
            Step::Finished(Ok(()))
        }
    }

    fn report(&self) -> LoginReport {
        LoginReport {
            used: self.method,
            tls: self.policy.tls,
            channel_binding: match (self.method, self.policy.channel_binding) {
                (LoginMethod::Sasl(kind), Some(binding)) if kind.binds_channel() => {
                    Some(binding.kind)
                }
                _ => None,
            },
            apop: self.apop,
            offered: self.offered,
        }
    }
}

/// By hand: what `derive` makes of so many fields counts them while it runs, and panics if it is wrong.
impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("policy", &self.policy)
            .field("credentials", &self.credentials)
            .field("offered", &self.offered)
            .field("method", &self.method)
            .field("exchange", &self.exchange)
            .field("apop", &self.apop)
            .field("step", &self.step)
            .field("begun", &self.begun)
            .finish()
    }
}

/// What a cancelled exchange comes to.
const fn called_off(error: MechanismError) -> LoginFailure {
    match error {
        // By its own words it does not know the password.
        MechanismError::WrongServerSignature => LoginFailure::NotProved(error),
        _ => LoginFailure::Cancelled(error),
    }
}
