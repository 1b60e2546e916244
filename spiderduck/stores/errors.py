"""What only a store that is somewhere else can raise."""

from spiderduck.errors import SpiderDuckError


class StatementRefused(SpiderDuckError):
    """The cluster understood and refuses: no such keyspace or table, no permission, wrong credentials. The same
    statement will be refused again, so nobody waits."""

    code = "statement_refused"
    exit_code = 5


class NotInOrder(SpiderDuckError):
    """The store keeps no order of all links, only of those of a domain."""

    code = "not_in_order"


class SchemaTooNew(SpiderDuckError):
    """The keyspace was migrated by code that this code cannot work beside. Waiting does not help."""

    code = "schema_too_new"
    exit_code = 5
