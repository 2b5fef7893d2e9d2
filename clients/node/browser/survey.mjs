// One screen in every language and both themes: what is announced of it, what axe-core says, whether it fits a narrow
// window, and how it looks.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
export const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const THEMES = ['light', 'dark']
const WIDE = { width: 1280, height: 800 }
const PHONE = { width: 390, height: 780 }
const NARROW = { width: 320, height: 256 } // 1280 × 1024 at 400 % (WCAG 2.2 §1.4.10)

// WCAG 2.2 at level AA. The themes are one document in two sets of colours, so in the second only rules about colour can
// find something new.
const EVERYTHING = { type: 'tag', values: TAGS }
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }

// Each violation as one line.
async function axe (page, runOnly = EVERYTHING) {
  return page.evaluate(async runOnly => {
    const { violations } = await window.axe.run(document, {
      runOnly,
      resultTypes: ['violations'],
      elementRef: false
    })
    return violations.flatMap(({ id, nodes }) => nodes.map(node =>
      `${id}: ${node.html.slice(0, 120)} – ${(node.failureSummary ?? '').split('\n').slice(1).join(' ').trim()}`))
  }, runOnly)
}

// A theme or a size, once the page has it: what is told to the browser reaches the page a little later.
async function settle (page, condition, value) {
  await page.waitForFunction(condition, value)
  await page.evaluate(async () => {
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    await Promise.allSettled(document.getAnimations().filter(one => one.playState === 'running').map(one => one.finished))
  })
}

async function dress (page, colorScheme) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await settle(page, scheme => matchMedia(`(prefers-color-scheme: ${scheme})`).matches, colorScheme)
}

async function size (page, wanted) {
  await page.setViewportSize(wanted)
  await settle(page, width => innerWidth === width, wanted.width)
}

// The page's language, and everything of it that is read or heard.
function described () {
  const attributes = ['aria-label', 'aria-description', 'placeholder', 'alt', 'title', 'data-soon', 'data-unsupported']
  const named = [...document.querySelectorAll(attributes.map(a => `[${a}]`).join())]
    .flatMap(one => attributes.map(a => one.getAttribute(a)).filter(Boolean))
  const { lang, dir } = document.documentElement
  const text = [document.title, document.body.textContent, ...named].join('\n')
  const heading = document.querySelector('h1')?.textContent.trim() ?? ''
  return { lang, dir, text, heading, focus: document.activeElement.tagName.toLowerCase() }
}

async function tooWide (page) {
  await size(page, NARROW)
  const got = await page.evaluate(() => {
    const at = document.scrollingElement
    const over = [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > at.clientWidth + 1)
    return { is: at.scrollWidth, may: at.clientWidth, over: over.slice(0, 3).map(one => one.outerHTML.slice(0, 80)) }
  })
  return got.is > got.may ? `${got.is} px wide in a window of ${got.may}: ${got.over.join(' ')}` : ''
}

// On a busy machine colours may still be on their way to the new theme when axe reads them. What is wrong stays wrong, so
// a page that is found at fault is looked at once more when nothing moves any longer.
async function lasting (page, runOnly) {
  const first = await axe(page, runOnly)
  if (!first.some(line => line.startsWith('color-contrast'))) return first
  await page.evaluate(async () => {
    for (let still = 0, frames = 0; still < 10 && frames < 200; frames++) {
      await new Promise(done => requestAnimationFrame(done))
      still = document.getAnimations().some(one => one.playState === 'running') ? 0 : still + 1
    }
  })
  return axe(page, runOnly)
}

async function inBothThemes (page, name, folder) {
  const out = { violations: [], grounds: [] }
  for (const colorScheme of THEMES) {
    await dress(page, colorScheme)
    out.grounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor))
    const found = await lasting(page, out.grounds.length > 1 ? COLOURS : EVERYTHING)
    out.violations.push(...found.map(line => `${colorScheme}: ${line}`))
    if (folder) await page.screenshot({ path: path.join(folder, `${name}-${colorScheme}.png`), fullPage: true })
  }
  return out
}

export const words = {
  // `change` says how a page comes into a language: 'cookie' (it is read again) or 'nothing' (the caller has seen to it).
  async survey ({ name, language, change, folder }, { page, context }) {
    await size(page, PHONE)
    if (change === 'cookie') {
      const url = new URL(page.url()).origin
      await context.addCookies([{ name: 'lang', value: language, url }])
      await page.reload()
    }
    // autofocus acts with the first frame, which may come after the load; who has none stays on the body and is told so.
    await page.waitForFunction(() => document.activeElement !== document.body, null, { timeout: 2000 }).catch(() => {})
    const out = await page.evaluate(described)
    Object.assign(out, await inBothThemes(page, `${name}-${language}`, folder))
    if (folder && language === 'en') {
      await size(page, WIDE)
      await dress(page, 'light')
      await page.screenshot({ path: path.join(folder, `${name}-wide.png`), fullPage: true })
    }
    out.too_wide = await tooWide(page)
    await size(page, PHONE)
    return out
  },
  async axe (_, { page }) { return axe(page) },
  async dress ({ colorScheme }, { page }) { await dress(page, colorScheme) }
}
