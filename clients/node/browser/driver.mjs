// driver.mjs CHROMIUM SPKI: a real Chromium, led by lines of JSON: {"do": WORD, "on": "tab1", "with": {…}} is answered by
// {"gives": …} or {"error": "…"}. SPKI is the digest of the server's key, which stands in for an authority in the
// machine's store: with it pages are as trusted as anybody's, so passkeys and service workers work. clients/browser.py
// is the other end. All addresses are of this machine; what Chromium itself would ask of the world goes nowhere.
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'

import { chromium } from 'playwright-core'

import * as passkeys from './passkeys.mjs'
import * as survey from './survey.mjs'

const LIMIT_MS = 30_000 // a wait ends with what it waits for; this is for a machine that is slow today
const [, , executablePath, spki] = process.argv

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    `--ignore-certificate-errors-spki-list=${spki}`,
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1',
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run'
  ]
})

const contexts = new Map()
const tabs = new Map()
let made = 0

// What a page must never do is noted wherever it happens: a policy broken, a script that failed, a word on the console.
function note (tab, page) {
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) tab.complaints.push(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', error => tab.complaints.push(String(error)))
  page.on('requestfinished', request => tab.requests.push(request))
}

function tellViolations () {
  document.addEventListener('securitypolicyviolation', event => {
    console.error(`CSP: ${event.violatedDirective} stopped ${event.blockedURI} ${event.sample}`)
  })
}

async function keep (page, context) {
  const id = `tab${++made}`
  const tab = { page, context, complaints: [], requests: [], authenticators: new Map() }
  note(tab, page)
  page.setDefaultTimeout(LIMIT_MS)
  tabs.set(id, tab)
  return id
}

const words = {
  async version () { return browser.version() },

  // A person's browser: cookies, storage and language of its own.
  async context ({ options = {}, axe = false }) {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options })
    if (options.javaScriptEnabled !== false) await context.addInitScript(tellViolations)
    if (axe) await context.addInitScript({ content: survey.axeSource })
    const id = `context${++made}`
    contexts.set(id, context)
    return id
  },
  async tab ({ context }) { return keep(await contexts.get(context).newPage(), contexts.get(context)) },
  async leave ({ context }) {
    await contexts.get(context).close()
    contexts.delete(context)
  },
  async cookies ({ context }) { return contexts.get(context).cookies() },
  async give_cookies ({ context, cookies }) { return contexts.get(context).addCookies(cookies) },
  async grant ({ context, permissions }) { return contexts.get(context).grantPermissions(permissions) },

  async goto ({ url }, { page }) { return (await page.goto(url, { waitUntil: 'load' }))?.status() ?? 0 },
  async reload (_, { page }) { return (await page.reload())?.status() ?? 0 },
  // Until nothing more is loaded: what a page does by itself has been done.
  async await_idle (_, { page }) { await page.waitForLoadState('networkidle') },
  // Not before the page it leaves has loaded: until then the browser may be changing processes, and nobody is there to ask.
  async back (_, { page }) {
    await page.waitForLoadState('load')
    await page.goBack()
  },
  async resize (size, { page }) { await page.setViewportSize(size) },
  async close (_, { page }) { await page.close() },
  async url (_, { page }) { return page.url() },
  async await_url ({ starts, limit_ms }, { page }) {
    await page.waitForURL(url => url.href.startsWith(starts), { timeout: limit_ms ?? LIMIT_MS, waitUntil: 'commit' })
    return page.url()
  },
  async await_visible ({ selector, limit_ms }, { page }) {
    await page.locator(selector).first().waitFor({ timeout: limit_ms ?? LIMIT_MS })
  },
  async await_hidden ({ selector, limit_ms }, { page }) {
    await page.locator(selector).first().waitFor({ state: 'hidden', timeout: limit_ms ?? LIMIT_MS })
  },
  // The text of an element once it holds `text`.
  async await_text ({ selector, text, limit_ms }, { page }) {
    const found = page.locator(selector, { hasText: text }).first()
    await found.waitFor({ timeout: limit_ms ?? LIMIT_MS })
    return (await found.innerText()).trim()
  },
  async text ({ selector }, { page }) { return (await page.locator(selector).first().innerText()).trim() },
  async count ({ selector }, { page }) { return page.locator(selector).count() },
  async visible ({ selector }, { page }) { return page.locator(selector).first().isVisible() },
  async attribute ({ selector, name }, { page }) { return page.locator(selector).first().getAttribute(name) },
  async click ({ selector }, { page }) { await page.locator(selector).first().click() },
  async press ({ role, name }, { page }) { await page.getByRole(role, { name, exact: true }).click() },
  async fill ({ selector, value }, { page }) { await page.locator(selector).first().fill(value) },
  async choose ({ selector, value }, { page }) { await page.locator(selector).first().selectOption(value) },
  async attach ({ selector, files }, { page }) { await page.locator(selector).setInputFiles(files) },
  // What a press gives to save, as text.
  async download ({ name }, { page }) {
    const coming = page.waitForEvent('download')
    await page.getByRole('button', { name, exact: true }).click()
    return readFile(await (await coming).path(), 'utf8')
  },
  async type ({ text }, { page }) { await page.keyboard.type(text) },
  async key ({ key }, { page }) { await page.keyboard.press(key) },
  async focused (_, { page }) {
    return page.evaluate(() => {
      const at = document.activeElement
      return { tag: at.tagName.toLowerCase(), id: at.id, text: at.innerText?.trim() ?? '', name: at.getAttribute('name') }
    })
  },
  // What a screen reader would find, in its order.
  async heard (_, { page }) { return page.locator('body').ariaSnapshot() },
  async evaluate ({ script }, { page }) { return page.evaluate(script) },
  async screenshot ({ path }, { page }) { await page.screenshot({ path, fullPage: true }) },

  // Everything that this tab's pages complained of since the last time.
  async complaints (_, tab) { return tab.complaints.splice(0) },
  // What the tab has loaded since the last time: address and bytes, heads and bodies.
  async loaded (_, tab) {
    const out = []
    for (const request of tab.requests.splice(0)) {
      const sizes = await request.sizes().catch(() => null)
      if (sizes) out.push({ url: request.url(), bytes: sizes.responseHeadersSize + sizes.responseBodySize })
    }
    return out
  },
  async paint (_, { page }) {
    return page.evaluate(() => Object.fromEntries(performance.getEntriesByType('paint').map(e => [e.name, e.startTime])))
  },

  ...passkeys.words,
  ...survey.words
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: word, on, with: given = {} } = JSON.parse(line)
  let answer
  try {
    answer = { gives: (await words[word](given, tabs.get(on))) ?? null }
  } catch (error) {
    const where = tabs.get(on)?.page
    const page = where && !where.isClosed() ? ` at ${where.url()} (${await where.title().catch(() => '?')})` : ''
    answer = { error: `${word}: ${error.message.split('\n')[0]}${page}` }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
await browser.close()
process.exit(0)
