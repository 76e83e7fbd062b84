"""What a user can get wrong, said so that they can put it right. The command line prints these without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something that the user can mend. Carries every fault that was found, each one line: what, where, what next."""

    exit_code = 2

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


class BudgetReached(UserError):
    """The study's hard budget is used up; what was paid for is stored, and a higher budget continues from there."""

    exit_code = 3
