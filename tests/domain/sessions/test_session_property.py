"""Whatever is shown to a session, and when: at most one live leaf (I5)."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from domain.assurance import Evidence, Method
from domain.identifiers import UserId
from domain.sessions.refresh_token import RefreshToken, RefreshTokenInvalid
from domain.sessions.session import (
    EndReason,
    Over,
    Replayed,
    Reused,
    Rotated,
    Session,
    SessionPolicy,
)
from tests.domain.samples import DAY, HOUR, NOW, SECOND, entropy_from
from tests.domain.sessions.test_session import state


class Presentations(RuleBasedStateMachine):
    """Genuine and forged tokens of one session, in any order and at any pace.

    The model knows every token by the number of times that it was spent and nothing of digests,
    seals or hashes.
    """

    policy: SessionPolicy
    session: Session

    @initialize(grace=st.sampled_from([0, 1, 30, 60]))
    def start(self, grace: int) -> None:
        self.policy = SessionPolicy(
            idle=6 * HOUR, absolute=2 * DAY, grace=grace * SECOND, per_user=0
        )
        self.entropy = entropy_from("machine")
        self.now: datetime = NOW
        self.session, first, _ = Session.start(
            user_id=UserId.new(NOW, self.entropy),
            evidence=Evidence.of(Method.PASSWORD),
            policy=self.policy,
            ip_address=None,
            user_agent=None,
            now=NOW,
            entropy=self.entropy,
        )
        self.tokens = [first]  # every one that was ever given out, by generation
        self.used_at = NOW
        self.ended: EndReason | None = None

    @rule(seconds=st.sampled_from([0, 1, 5, 29, 30, 31, 60, 61, 3600, 6 * 3600]))
    def wait(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule(back=st.integers(0, 5))
    def present(self, back: int) -> None:
        index = max(len(self.tokens) - 1 - back, 0)
        token, before = self.tokens[index], state(self.session)
        outcome = self.session.rotate(token, policy=self.policy, now=self.now, entropy=self.entropy)
        newest = len(self.tokens) - 1
        in_grace = bool(self.policy.grace) and self.now <= self.used_at + self.policy.grace
        if (reason := self._over()) is not None:
            assert outcome == Over(reason)
            assert state(self.session) == before
        elif index == newest:
            assert isinstance(outcome, Rotated)
            self.tokens.append(outcome.token)
            self.used_at = self.now
        elif index == newest - 1 and in_grace:
            assert isinstance(outcome, Replayed)
            assert outcome.token == self.tokens[-1]
            assert state(self.session) == before
        else:
            assert isinstance(outcome, Reused)
            self.ended = EndReason.REFRESH_TOKEN_REUSED

    @rule(
        back=st.integers(-2, 5),
        part=st.sampled_from(["secret", "family_secret", "generation"]),
        junk=st.binary(min_size=32, max_size=32),
        drift=st.sampled_from([-1, 1, 2]),
    )
    def forge(self, back: int, part: str, junk: bytes, drift: int) -> None:
        index = min(max(len(self.tokens) - 1 - back, 0), len(self.tokens) - 1)
        forged = self._forged(self.tokens[index], part, junk, drift)
        if forged is None:
            return
        before = state(self.session)
        try:
            outcome = self.session.rotate(
                forged, policy=self.policy, now=self.now, entropy=self.entropy
            )
        except RefreshTokenInvalid:
            assert state(self.session) == before
        else:
            raise AssertionError(f"a forged token got {outcome!r}")

    @rule(reason=st.sampled_from([EndReason.SIGNED_OUT, EndReason.REVOKED_BY_ADMIN]))
    def end(self, reason: EndReason) -> None:
        was_over = self._over()
        event = self.session.end(reason, now=self.now)
        assert (event is None) == (was_over is not None)
        if event is not None:
            self.ended = reason

    @invariant()
    def at_most_one_token_is_current(self) -> None:
        """I5: of all tokens ever given out, only the newest stands for the session."""
        current = [t for t in self.tokens if t.digest == self.session.current_digest]
        assert current == self.tokens[-1:]
        assert self.session.generation == len(self.tokens)

    @invariant()
    def its_life_is_what_it_was_promised(self) -> None:
        """SE-3: the absolute end never moves, and no end is ever taken back."""
        assert self.session.absolute_expires_at == NOW + self.policy.absolute
        assert self.session.over(self.now) == self._over()

    def _over(self) -> EndReason | None:
        if self.ended is not None:
            return self.ended
        if self.now >= NOW + self.policy.absolute:
            return EndReason.EXPIRED
        return EndReason.IDLE if self.now >= self.used_at + self.policy.idle else None

    def _forged(
        self, token: RefreshToken, part: str, junk: bytes, drift: int
    ) -> RefreshToken | None:
        """Return a token that was never given out, or None where nothing tells it from one."""
        if part == "family_secret":
            return replace(token, family_secret=junk[:16])
        if part == "generation":
            token = replace(token, generation=max(token.generation + drift, 0))
        else:
            token = replace(token, secret=junk)
        # Older generations are known by the family's secret alone.
        told_apart = token.generation >= len(self.tokens) - 1 or token.generation == 0
        return token if told_apart and token not in self.tokens else None


def test_any_sequence_of_tokens_keeps_at_most_one_live_leaf() -> None:
    """RF-1, RF-2, RF-3, SE-3 (I5, I6): genuine, spent and forged tokens over any time."""
    run_state_machine_as_test(
        Presentations, settings=settings(max_examples=60, stateful_step_count=40, deadline=None)
    )


def test_a_loop_of_retries_never_prolongs_the_window() -> None:
    """RF-3: a thief who keeps the answer warm gets no more time than others."""
    machine_policy = SessionPolicy(idle=DAY, absolute=DAY, grace=30 * SECOND, per_user=0)
    entropy = entropy_from("loop")
    session, first, _ = Session.start(
        user_id=UserId.new(NOW, entropy),
        evidence=Evidence.of(Method.PASSWORD),
        policy=machine_policy,
        ip_address=None,
        user_agent=None,
        now=NOW,
        entropy=entropy,
    )
    outcomes = [
        session.rotate(
            first, policy=machine_policy, now=NOW + timedelta(seconds=second), entropy=entropy
        )
        for second in range(0, 41, 10)
    ]
    assert [type(outcome) for outcome in outcomes] == [
        Rotated,
        Replayed,
        Replayed,
        Replayed,
        Reused,
    ]
