//! What a simulated site could leave out: the tests of the reference (`tests/spec`) must find each of [`ALL`].

use crate::mutants::mutants;

mutants! {
    /// Of what is unique a site has a second one.
    UniqueTwice,
    /// Every site is as near as the one that is entered.
    DistanceForgotten,
    /// Content takes no time.
    BandwidthForgotten,
    /// Distances and cut links are those of the site that was entered first.
    EntryForgotten,
    /// A site has room for more than it declares.
    DeclaredRoomForgotten,
    /// A site has room for more than a test says.
    LimitForgotten,
    /// A link loses nothing, whatever it declares.
    DeclaredLossForgotten,
    /// Nothing is lost by chance.
    LossForgotten,
    /// Of what is lost by chance each request has arrived.
    LossOfAnswersOnly,
    /// Of what is lost by chance no request has arrived.
    LossOfRequestsOnly,
    /// An answer that is to be lost arrives.
    AnswerNotLost,
    /// A request whose answer is lost has no effect.
    AnswerLostWithTheEffect,
    /// An effect that is to be late takes place at once.
    LateEffectAtOnce,
    /// An effect that is to be late never takes place.
    LateEffectNever,
    /// Nothing is delivered twice.
    DeliveredOnce,
    /// What is delivered twice is answered by the second one.
    SecondAnswered,
    /// A slow site is as fast as any.
    SlownessForgotten,
    /// A frozen site works.
    FreezeForgotten,
    /// What a frozen site has taken it forgets.
    FrozenForgets,
    /// A site that is cut is reached.
    CutForgotten,
    /// A link that is cut lets everything pass.
    LinkCutForgotten,
    /// A cut link cuts off the site that is entered, too.
    LinkCutIsASite,
    /// What has a beginning has begun before.
    TooEarly,
    /// What has an end does not end.
    TooLong,
    /// What is tied to a step never comes.
    StepForgotten,
    /// What is tied to a number of answers never comes.
    CountForgotten,
    /// A request that was on its way when its site was cut off arrives at once.
    CutPassesRequests,
    /// An answer that was on its way when its site was cut off arrives at once.
    CutPassesAnswers,
    /// What a site was making when it went down goes on by itself.
    RestartHeals,
    /// A site that is restarted is not down meanwhile.
    RestartAnswers,
    /// Everything is ready in the usual time.
    ReadinessForgotten,
    /// Nothing breaks.
    BreakForgotten,
    /// Everything is allowed.
    DenialForgotten,
    /// A service that cannot answer now answers.
    UnavailableForgotten,
    /// What lasts goes on though it was healed.
    HealForgotten,
    /// Of faults of one request the first is all requests.
    EveryRequest,
}
