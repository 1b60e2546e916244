"""The HTTP API on Litestar: thin handlers over services.

`app.py` lists every group of calls. `front/` stands before each call (keys, rates, browsers), `contract/` is what all
promise; `sharing/`, `urls/`, `notices/` and `admin/` are the calls, `compat/` speaks other products' shapes, and
`pages/` is for people.

A call says of itself in `opt=` what the parts around it read; each name is explained where it is defined:

| option | read by |
|---|---|
| `"scope"` | `front/keys.py`: what the key must have; without one the call is open |
| `OWN_PAGES` | `front/browsers.py`: pages of other origins may not call it |
| `KEY_PARAMETER` | `front/keys.py`: where the key stands when no header can be sent |
| `RETRIES` | `front/retries.py`: keeps the answer for repeats with an `Idempotency-Key` |
| `REQUEST_BODY`, `RESPONSES` | `contract/described.py`: what the signature does not say to the document |

A request passes `groundwork.front`, the two guards, `answer_retry`, the strict body (`contract/bodies.py`), the
handler, and on its way out the `before_send` hooks; every error goes through `contract/problems.py`.
"""
