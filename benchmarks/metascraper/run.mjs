// Reads lines of {"file", "url"} and writes for each one what metascraper finds in that page.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import author from 'metascraper-author'
import date from 'metascraper-date'
import description from 'metascraper-description'
import image from 'metascraper-image'
import lang from 'metascraper-lang'
import metascraper from 'metascraper'
import publisher from 'metascraper-publisher'
import title from 'metascraper-title'

const scrape = metascraper([author(), date(), description(), image(), lang(), publisher(), title()])

for await (const line of createInterface({ input: process.stdin })) {
  const { file, url } = JSON.parse(line)
  const found = await scrape({ html: readFileSync(file, 'utf8'), url }).catch(() => ({}))
  console.log(JSON.stringify(found))
}
