// The main job through a client that is generated from the OpenAPI document: share a link, wait for it, show its card.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

declare const process: { argv: string[] };

type Card = components["schemas"]["Card"];

const [base, url] = process.argv.slice(2) as [string, string];
const links = createClient<paths>({ baseUrl: base });

const sent = await links.POST("/v1/events", { body: { id: "typescript", text: `look: ${url}` } });
if (sent.error) throw new Error(sent.error.detail);
const found: string[] = (sent.data.events ?? []).flatMap((event) => event.links);

const looked = await links.POST("/v1/urls/batch", { body: { urls: found, wait_ms: 20000, schedule: false } });
if (looked.error) throw new Error(looked.error.detail);
const status: components["schemas"]["Status"] = looked.data.results[0]!.status;
const metadata: components["schemas"]["Metadata"] | null | undefined = looked.data.results[0]!.metadata;

const unfurled = await links.GET("/v1/unfurl", { params: { query: { url } } });
if (unfurled.error) throw new Error(unfurled.error.detail);
const card: Card = unfurled.data;

const refused = await links.GET("/v1/unfurl", { params: { query: { url: "http://[" } } });
console.log(JSON.stringify({ status, title: metadata?.title, card: card.title, code: refused.error?.code }));
