"""Measure the false alarms and the delay of `warraq health` on simulated sites, healthy and then broken.

    python bench/health.py [--sites 120] [--days 180]

Articles a day follow a negative binomial distribution whose mean depends on the weekday, with a slow trend; visits fail
and pages are quarantined at small rates, and texts have the lengths of news articles.
"""

import argparse
import math
import random
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

from archive.index.monitor import Day, alarms_of

START = date(2026, 1, 5)
RATES = (0.5, 1, 3, 10, 30, 100, 300)


def negative_binomial(rng, mean, dispersion):
    """Return a count with that mean and a variance of `dispersion` times the mean (a gamma mixture of Poissons)."""
    rate = mean if dispersion <= 1 else rng.gammavariate(mean / (dispersion - 1), dispersion - 1)
    if rate > 200:
        return max(0, round(rng.gauss(rate, math.sqrt(rate))))
    count, product, limit = 0, rng.random(), math.exp(-rate)
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def binomial(rng, n, p):
    return sum(rng.random() < p for _ in range(n))


def healthy(rng, rate, length):
    """Return the days of a healthy site."""
    weekend = rng.uniform(0.2, 1.0)
    dispersion = rng.uniform(1.0, 2.5)
    trend = rng.uniform(-0.003, 0.003)
    share = {
        name: rng.uniform(0, high)
        for name, high in (("failed", 0.08), ("quarantined", 0.1), ("author", 0.5), ("date", 0.1))
    }
    usual = rng.uniform(800, 4000)
    days = []
    for n in range(length):
        day = START + timedelta(days=n)
        mean = rate * math.exp(trend * n) * (weekend if day.weekday() in {4, 5} else 1.0)
        new = negative_binomial(rng, mean, dispersion)
        read = new + binomial(rng, new, 0.1)
        quarantined = binomial(rng, read, share["quarantined"])
        visits = 3 * read + 20
        announced = new + binomial(rng, new, 0.05)
        days.append(
            Day(
                site="s", day=day, runs=24, announced=announced, captured=new, new=new, visits=visits, read=read, quarantined=quarantined,
                failed=binomial(rng, visits, share["failed"]), without_author=binomial(rng, read, share["author"]),
                without_date=binomial(rng, read, share["date"]),
                length=usual * math.exp(rng.gauss(0, 0.5 / math.sqrt(max(read, 1)))) if read else 0.0,
            )
        )  # fmt: skip
    return days


BREAKS = {
    "silent": lambda day: replace(day, new=0, read=0, announced=0, captured=0, quarantined=0, length=0),
    "a third of the news": lambda day: replace(day, new=day.new // 3),
    "redesign: no author, half the text": lambda day: replace(day, without_author=day.read, length=day.length * 0.4),
    "redesign: all in quarantine": lambda day: replace(day, quarantined=day.read + day.quarantined, read=0, new=0, captured=0),
    "ban by robots.txt": lambda day: replace(day, disallowed=day.visits, read=0, new=0, captured=0),
    "outage": lambda day: replace(day, failed=day.visits, read=0, new=0, captured=0),
}  # fmt: skip


def false_alarms(rng, sites, length):
    print(f"{'articles a day':>16}  {'sites':>5}  {'site-years':>10}  {'alarms':>6}  per site-year  kinds")
    every, years = Counter(), 0.0
    for rate in RATES:
        kinds, judged = Counter(), 0
        for _ in range(sites // len(RATES)):
            days = healthy(rng, rate, length)
            raised_before = set()
            for n in range(7, length):
                raised = {alarm.kind for alarm in alarms_of(days[: n + 1], days[n].day)}
                kinds.update(raised - raised_before)
                raised_before = raised
                judged += 1
        total = sum(kinds.values())
        print(
            f"{rate:>16}  {sites // len(RATES):>5}  {judged / 365:>10.1f}  {total:>6}  {365 * total / judged:>13.2f}  {dict(kinds)}"
        )
        every.update(kinds)
        years += judged / 365
    print(
        f"{'all':>16}  {'':>5}  {years:>10.1f}  {sum(every.values()):>6}  {sum(every.values()) / years:>13.2f}  {dict(every)}"
    )


def delays(rng, sites):
    print(
        f"\n{'what breaks':<36}"
        + "".join(f"{rate:>8}" for rate in RATES)
        + "   articles a day; days until the alarm (median; - never in 21)"
    )
    for name, broken in BREAKS.items():
        row = []
        for rate in RATES:
            took = []
            for _ in range(max(5, sites // len(RATES))):
                days = healthy(rng, rate, 91)
                days = [day if n < 70 else broken(day) for n, day in enumerate(days)]
                took.append(next((n - 69 for n in range(70, 91) if alarms_of(days[: n + 1], days[n].day)), 99))
            middle = sorted(took)[len(took) // 2]
            row.append("-" if middle == 99 else str(middle))
        print(f"{name:<36}" + "".join(f"{value:>8}" for value in row))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=120)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    false_alarms(rng, options.sites, options.days)
    delays(rng, options.sites // 4)


if __name__ == "__main__":
    main()
