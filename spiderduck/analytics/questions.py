"""The questions that have an answer ready: SQL over the views `fetches` and `shares`. Pure.

The first three are those that the article on the original names. Each takes `days` (back from today, today included);
some take `domain`; `most` bounds the rows.
"""

from dataclasses import dataclass

LATELY = "day > CAST(CAST($now AS TIMESTAMP) AS DATE) - CAST($days AS INTEGER)"
OF_DOMAIN = "($domain IS NULL OR url_host_registered_domain = $domain)"


LED_TO = "coalesce(destination_host_registered_domain, url_host_registered_domain)"


def _most_shared(condition: str) -> str:
    return f"""
        SELECT {LED_TO} AS domain, count(*) AS shares, count(DISTINCT sharer) AS sharers,
               count(DISTINCT coalesce(destination, url)) AS urls
        FROM shares WHERE {LATELY} AND ($domain IS NULL OR {LED_TO} = $domain) AND {LED_TO} IS NOT NULL AND {condition}
        GROUP BY ALL ORDER BY shares DESC, domain LIMIT $most
        """


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, for people, and its SQL. `needs_domain`: there is no answer without one."""

    title: str
    sql: str
    needs_domain: bool = False


QUESTIONS = {
    "images": Question(
        "Pictures shared and fetched, day by day",
        f"""
        WITH shared AS (
            SELECT day, count(*) AS pictures_shared FROM shares
            WHERE {LATELY} AND {OF_DOMAIN} AND (picture_url IS NOT NULL OR content_mime_detected LIKE 'image/%')
            GROUP BY day
        ), fetched AS (
            SELECT day, count(*) AS pictures_fetched, sum(content_length) AS bytes FROM fetches
            WHERE {LATELY} AND {OF_DOMAIN} AND content_mime_detected LIKE 'image/%' GROUP BY day
        )
        SELECT day, coalesce(pictures_shared, 0) AS pictures_shared, coalesce(pictures_fetched, 0) AS pictures_fetched,
               coalesce(bytes, 0) AS bytes
        FROM shared FULL JOIN fetched USING (day) ORDER BY day DESC LIMIT $most
        """,
    ),
    "sites": Question("The sites that were shared most, by where links lead", _most_shared("true")),
    "news": Question(
        "The sites whose articles were shared most, by where links lead", _most_shared("page_type = 'article'")
    ),
    "urls": Question(
        "The URLs that were fetched from a site",
        f"""
        SELECT day, fetch_time, url, fetch_status, outcome, content_mime_detected AS type FROM fetches
        WHERE {LATELY} AND url_host_registered_domain = $domain AND kind = 'page'
        ORDER BY fetch_time DESC, url LIMIT $most
        """,
        needs_domain=True,
    ),
    "latency": Question(
        "How long each part of a request took, in milliseconds, day by day",
        "\n        UNION ALL\n".join(
            f"""
        SELECT day, '{stage}' AS stage, count(*) AS requests, round(median({stage}_ms), 1) AS p50,
               round(quantile_cont({stage}_ms, 0.95), 1) AS p95, round(quantile_cont({stage}_ms, 0.99), 1) AS p99
        FROM fetches WHERE {LATELY} AND {OF_DOMAIN} AND outcome = 'answered' AND kind = 'page' GROUP BY day"""
            for stage in ("waited", "dns", "connect", "tls", "first_byte", "body")
        )
        + "\n        ORDER BY day DESC, stage LIMIT $most",
    ),
    "endings": Question(
        "How requests ended, and which part of them was denied or failed, day by day",
        f"""
        SELECT day, outcome, count(*) AS requests,
               round(count(*) / sum(count(*)) OVER (PARTITION BY day), 4) AS part
        FROM (
            SELECT day, CASE WHEN outcome = 'answered' AND fetch_status >= 400 THEN 'status ' || fetch_status
                             ELSE outcome END AS outcome
            FROM fetches WHERE {LATELY} AND {OF_DOMAIN} AND kind = 'page'
        )
        GROUP BY day, outcome ORDER BY day DESC, requests DESC, outcome LIMIT $most
        """,
    ),
    "verdicts": Question(
        "What lists said of shared URLs, day by day",
        f"""
        SELECT day, coalesce(verdict, 'unknown') AS verdict, count(*) AS shares FROM shares
        WHERE {LATELY} AND {OF_DOMAIN} GROUP BY day, coalesce(verdict, 'unknown')
        ORDER BY day DESC, shares DESC LIMIT $most
        """,
    ),
}
