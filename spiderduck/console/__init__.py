"""The pages for people: a look at one link, the live stream, and the API's documentation. No script from elsewhere."""
