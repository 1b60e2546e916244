"""A signpost. The wheel of snowflake-connector-python ships a namespace package that this project's `snowflake` hides.

Reached by `import snowflake.connector` only where that library's folder is hidden; a folder of that name beside this
file goes first. Say plainly what is wrong instead of "No module named 'snowflake.connector'".
"""

raise ImportError(
    "the package `snowflake` in this environment is the id generator of SpiderDuck, "
    "which hides snowflake-connector-python. Install the two in different environments"
)
