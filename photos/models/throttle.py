"""How often somebody has called lately; in the database, so that all web processes count together."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Case, ExpressionWrapper, F, Q, When
from django.db.models.functions import Now

# How many windows of others, that ended, are removed when a new one begins.
CLEARED_AT_ONCE = 100

ENDED = Q(ends_at__lte=Now())


class ThrottleWindowQuerySet(models.QuerySet["ThrottleWindow"]):
    """Counting calls."""

    def admit(self, key: str, calls: int, length: timedelta, count: int = 1) -> timedelta | None:
        """Count ``count`` calls of ``key``; answers None, or how long to wait when they are over ``calls`` in this window.

        One guarded UPDATE in most cases, which also begins a new window when the last one ended. A window
        begins with its first call, by the database's clock, and lasts ``length``. Calls are counted all or none.
        """
        if count > calls:
            return length
        counted = self.filter(ENDED | Q(count__lte=calls - count), key=key).update(
            count=Case(When(ENDED, then=count), default=F("count") + count),
            ends_at=Case(When(ENDED, then=Now() + length), default=F("ends_at")),
        )
        if counted:
            return None
        left = ExpressionWrapper(F("ends_at") - Now(), output_field=models.DurationField())
        # Only a window without room: one that another process has just begun may have it.
        wait: timedelta | None = self.filter(key=key, count__gt=calls - count).values_list(left, flat=True).first()
        if wait is None and self._begin(key, length, count):
            return None
        # Another process was quicker to begin the window: count in that one.
        return self.admit(key, calls, length, count) if wait is None else wait

    def _begin(self, key: str, length: timedelta, count: int) -> bool:
        try:
            with transaction.atomic():
                ended = self.filter(ENDED).select_for_update(skip_locked=True)[:CLEARED_AT_ONCE]
                self.filter(pk__in=[window.pk for window in ended]).delete()
                self.create(key=key, count=count, ends_at=Now() + length)
        except IntegrityError:
            return False
        return True


class ThrottleWindow(models.Model):
    """The calls of one key (what is called, and by whom) in the window that ends at ``ends_at``."""

    key = models.CharField(max_length=100, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    objects = ThrottleWindowQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key
