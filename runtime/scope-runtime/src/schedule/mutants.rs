//! Mistakes that a scheduler can make: `oracle/mutants.rs` demands that the simulation finds each of [`ALL`].

use crate::mutants::mutants;

mutants! {
    /// What the network delivered twice is not looked for.
    SecondNotLookedFor,
    /// What others rely upon is taken back while they may still be there.
    UsedTakenBack,
    /// What an abandoned alternative made is not deleted.
    ForgottenUndo,
    /// What another place still wants is deleted.
    UndoOfWhatIsWanted,
    /// An undo that could not be done counts as done.
    OwedUndoDropped,
    /// `on_failure: undo` is not obeyed.
    GroupUndoForgotten,
    /// The next alternative does not wait for the undo of the one before.
    NextArmBeforeUndo,
    /// What must not be repeated is tried again.
    RetriedNone,
    /// A request that may be tried again is not.
    RetryForgotten,
    /// Attempts are not counted.
    RetriesUnbounded,
    /// The answer of an attempt that is over counts as that of the one under way.
    LateAnswerTaken,
    /// *Unknown* goes on to the next alternative.
    UnknownFallsThrough,
    /// *Invalid* goes on to the next alternative.
    InvalidFallsThrough,
    /// *Pending* goes on to the next alternative.
    PendingFallsThrough,
    /// *Unavailable* does not go on.
    UnavailableHolds,
    /// Of several outcomes the last counts.
    LastOutcomeCounts,
    /// What was chosen is not recorded.
    ChoiceNotRecorded,
    /// What was recorded is not tried first.
    RecordedIgnored,
    /// What may be queued fails.
    QueueIgnored,
    /// What may be left out fails.
    SkipIgnored,
    /// What must not be queued is.
    QueuedAnyway,
    /// What waits for a site is not tried when it is heard from.
    WakeForgotten,
    /// A site gets more requests at once than it takes.
    TwoInOnePlace,
    /// A step begins before all that it needs has ended.
    StartedTooEarly,
    /// A step begins though what it needs failed.
    BlockedIgnored,
    /// What an abandoned alternative met with counts for the whole.
    AbandonedCounts,
    /// A step that waits at the end counts as done.
    PendingCountsAsDone,
    /// What is to be done at a site that the run leaves out is begun.
    LeftOutIsAsked,
    /// An alternative at a site that the run leaves out is recorded as chosen.
    LeftOutIsChosen,
    /// What comes after something that was left out is held back.
    LeftOutHoldsBack,
    /// One copy fewer is enough for a quorum.
    QuorumOfOneLess,
    /// All copies are needed.
    QuorumNeedsAll,
    /// A quorum that is out of reach is waited for.
    QuorumMissedWaits,
    /// A copy that is not to be had fails, though others are enough.
    QuorumStops,
    /// What a quorum has is undone when it has not all.
    QuorumUndoneWhenShort,
    /// A copy alone makes the whole fail.
    QuorumCopyFailsAll,
    /// *Invalid* and *unknown* copies are counted as any other.
    QuorumPassesInvalid,
    /// Alternatives inside of a copy end well whatever their parts do.
    QuorumCopyNeverFallsBack,
    /// A copy's look-up, or what is brought for it, fails the whole by itself.
    HelperFailsAll,
    /// A copy that waits for its site can be lost, as one that failed.
    QuorumPendingIsLost,
    /// A copy that others may make up for is not tried again in this run, though its site is heard from.
    SpareNeverWakes,
    /// Once there are enough copies, those that have not begun are not made.
    LateCopyForgotten,
    /// What comes after a copy that others may make up for holds up the next wave.
    SpareHoldsUpWave,
    /// The next wave begins whatever became of the one before.
    WaveIgnoresFailures,
    /// The next wave does not wait for the end of the one before.
    WaveBegunTooEarly,
    /// Of what an alternative made, one thing is left where it was.
    OneIsLeftBehind,
    /// What was sent for an alternative that is not taken any more, and not answered, is not looked for.
    AbandonedRequestForgotten,
    /// What was sent and not answered is sent again without a look at what is there.
    SecondCopyLeft,
    /// What is relied upon is not guarded.
    GuardForgotten,
    /// A guard is taken off with the first of its users.
    GuardDroppedEarly,
    /// A guard is also for those that nobody wants any more.
    GuardKeptForGivenUp,
    /// The guards of alternatives that are not tried are left, too.
    GuardLeftForUntried,
    /// Left of a `|` a step waits with what waits at its own site.
    WaitsBesideLeft,
    /// Of what has alternatives, the one that was taken is not guarded.
    TakenArmUnguarded,
}
