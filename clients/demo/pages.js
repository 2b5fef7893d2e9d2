// The pages, as text. Values come in through html`…` alone, which escapes them.
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

class Html {
  constructor (text) { this.text = text }
}

function put (value) {
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(put).join('')
  return String(value ?? '').replace(/[&<>"']/g, found => ESCAPES[found])
}

const html = (pieces, ...values) => new Html(pieces.map((piece, i) => piece + (i < values.length ? put(values[i]) : '')).join(''))

const page = (title, body) => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – Harbour Supplies</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><p class="brand">Harbour Supplies</p><p class="tag">a demo of Countersign</p></header>
<main>
${body}
</main>
</body>
</html>
`.text

export const signInPage = ({ username = '', wrong = '', field = '' }) => page('Sign in', html`<h1>Sign in</h1>
<form method="post" action="/sign-in">
<label for="username">User name</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="255" required${field === 'password' ? '' : ' autofocus'}${invalid(field === 'username')}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${field === 'password' ? ' autofocus' : ''}${invalid(field === 'password')}>
${wrong ? html`<p class="wrong" id="wrong" role="alert">${wrong}</p>` : ''}
<button>Sign in</button>
</form>
<aside>
<p>The password is <code>demo</code>, for everybody. Sign in as <code>demo</code>, whose authenticator the server printed how to set up; or under any
other name, which then sets up a second factor of its own.</p>
</aside>`)

const invalid = is => is ? html` aria-invalid="true" aria-describedby="wrong"` : ''

// ---- Signed in ----

const FACTORS = {
  verified_duo_push: 'a number typed on the phone',
  duo_push: 'a request on the phone',
  duo_mobile_passcode: 'a passcode of the authenticator',
  hardware_token: 'a passcode of a token',
  bypass_code: 'a bypass code',
  webauthn: 'a passkey',
  remembered_device: 'this browser, which is remembered',
  trusted_network: 'this network, which is trusted',
  not_available: 'none; the policy asked for no more'
}

const spaced = name => name.replaceAll('_', ' ')
const factorOf = context => FACTORS[context.factor] ?? spaced(context.factor ?? 'unknown')
const placeOf = ({ ip, location = {} } = {}) => [ip, location.city, location.country].filter(Boolean).join(', ')

// Nested values as nested lists; what is empty is left to the text below.
function listOf (value) {
  const entries = Object.entries(value).filter(([, item]) => !isEmpty(item))
  return html`<dl>${entries.map(([name, item]) => html`<div><dt>${spaced(name)}</dt><dd>${shown(item)}</dd></div>`)}</dl>`
}

const isEmpty = item => item === null || item === '' ||
  (typeof item === 'object' && Object.values(item).every(isEmpty))

function shown (item) {
  if (Array.isArray(item)) return item.join(', ')
  return typeof item === 'object' ? listOf(item) : item
}

export const signedInPage = token => page('Signed in', html`<h1>Hello, ${token.preferred_username}</h1>
<p class="good">Both factors were right.</p>
<dl class="short">
<div><dt>Second factor</dt><dd>${factorOf(token.auth_context)}</dd></div>
<div><dt>Time</dt><dd><time datetime="${isoOf(token.auth_time)}">${isoOf(token.auth_time).replace('T', ' ').replace('Z', ' UTC')}</time></dd></div>
<div><dt>From</dt><dd>${placeOf(token.auth_context.access_device)}</dd></div>
</dl>
<details open>
<summary>What Countersign told (auth_context)</summary>
${listOf(token.auth_context)}
</details>
<details>
<summary>The whole id_token</summary>
<pre tabindex="0">${JSON.stringify(token, null, 2)}</pre>
</details>
<form method="post" action="/sign-out"><button class="second">Sign out</button></form>`)

const isoOf = seconds => new Date(seconds * 1000).toISOString().replace('.000', '')

// ---- What went wrong ----

const PROBLEMS = {
  denied: ['You have not been signed in', 'The second factor was refused.'],
  expired: ['That took too long', 'The answer of the second factor is good for a minute only. Sign in again.'],
  replayed: ['This answer was used already', 'Each sign-in counts once: a page loaded again, or gone back to, does nothing. Sign in again.'],
  unknown: ['This sign-in was not begun here', 'It belongs to another browser, or its time is over. Sign in again.'],
  away: ['Nobody can sign in at the moment', 'The second factor cannot be asked for. Try again in a minute.'],
  failed: ['The sign-in did not work', 'Something is not set up as it should be. Nobody was signed in.'],
  foreign: ['That did not come from our page', 'Another site pressed a button here; nothing was done.'],
  missing: ['There is nothing here', 'The address is not one of ours.']
}

export function errorPage (problem, detail = '') {
  const [title, text] = PROBLEMS[problem]
  return page(title, html`<h1>${title}</h1>
<p>${text}</p>
${detail ? html`<p class="detail"><code>${detail}</code></p>` : ''}
<p><a class="button" href="/">Back to the start</a></p>`)
}
