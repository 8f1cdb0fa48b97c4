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

    def admit(self, key: str, calls: int, length: timedelta) -> timedelta | None:
        """Count one call of ``key``; answers None, or how long to wait when ``calls`` were made in this window.

        One guarded UPDATE in most cases, which also begins a new window when the last one ended. A window
        begins with its first call, by the database's clock, and lasts ``length``.
        """
        counted = self.filter(ENDED | Q(count__lt=calls), key=key).update(
            count=Case(When(ENDED, then=1), default=F("count") + 1),
            ends_at=Case(When(ENDED, then=Now() + length), default=F("ends_at")),
        )
        if counted:
            return None
        left = ExpressionWrapper(F("ends_at") - Now(), output_field=models.DurationField())
        # Only a full window: one that another process has just begun has room for this call, too.
        wait: timedelta | None = self.filter(key=key, count__gte=calls).values_list(left, flat=True).first()
        if wait is None and self._begin(key, length):
            return None
        # Another process was quicker to begin the window: count in that one.
        return self.admit(key, calls, length) if wait is None else wait

    def _begin(self, key: str, length: timedelta) -> bool:
        try:
            with transaction.atomic():
                ended = self.filter(ENDED).select_for_update(skip_locked=True)[:CLEARED_AT_ONCE]
                self.filter(pk__in=[window.pk for window in ended]).delete()
                self.create(key=key, count=1, ends_at=Now() + length)
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
