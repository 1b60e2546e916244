"""The gates that a request passes before it is sent, and its answer before it is used."""
