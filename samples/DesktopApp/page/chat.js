'use strict'

const $ = id => document.getElementById(id)
const chat = $('chat'), prompt = $('prompt')
const targets = []   // in the order in which they first spoke: each has its colour
let messages = []    // what was said, as the app is told it
let running = null   // the AbortController of the answer that streams

function add(parent, tag, className = '', text = '') {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  parent.append(element)
  return element
}

function colour(target) {
  if (!targets.includes(target)) targets.push(target)
  return `target-${targets.indexOf(target) % 4}`
}

/** The lines of an answer as they come, each a JSON object. */
async function* ask(question, signal) {
  const response = await fetch('ask', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(question), signal })
  if (!response.ok) throw new Error(await response.text() || `The app answered ${response.status}.`)
  const decoder = new TextDecoder()
  let rest = ''
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = lines.pop()
    for (const line of lines) yield JSON.parse(line)
  }
}

/** An answer on the page, which grows line by line. */
class Answer {
  constructor() {
    this.text = ''
    this.body = add(chat, 'p', 'answer')
    this.body.setAttribute('aria-live', 'polite')
  }

  show(line) {
    if (line.why) [this.why, this.explanation] = [line.why, line.explanation]
    if (line.handover) {
      add(this.body, 'span', 'handover', line.handover)
      this.piece = null
    }
    if (line.text) {
      if (this.piece?.dataset.target !== line.target) {
        this.piece = add(this.body, 'span', `piece ${colour(line.target)}`)
        this.piece.dataset.target = line.target
      }
      this.piece.append(line.text)
      this.text += line.text
    }
    if (line.took) this.took = line.took
  }

  /** Who it was, what it cost and why; more on request. */
  end() {
    if (!this.why) return
    const sum = (this.took ?? []).reduce((all, one) => all + one.dollars, 0)
    const details = add(chat, 'details')
    add(details, 'summary', '', this.took ? `${dollars(sum)} - ${this.why}` : this.why)
    if (this.took) {
      const table = add(details, 'table')
      const row = (kind, cells) => {
        const tr = add(table, 'tr')
        for (const cell of cells) add(tr, kind, '', cell)
      }
      row('th', ['target', 'zone', 'tokens', 'wasted', 'first token', 'tokens/s', 'cost', 'CO2e'])
      for (const one of this.took) {
        row('td', [one.target, one.zone, one.tokens, one.wasted, one.firstTokenMs === undefined ? '-' : `${one.firstTokenMs.toFixed(0)} ms`,
          one.tokensPerSecond.toFixed(0), dollars(one.dollars), `${(one.grams * 1000).toFixed(3)} mg`])
        if (one.error) add(details, 'p', 'error', `${one.target} failed: ${one.error}`)
      }
    }
    add(details, 'pre', '', this.explanation)
  }
}

const dollars = amount => `$${amount === 0 ? 0 : amount.toPrecision(2)}`

async function send(text) {
  $('hint').hidden = true
  add(chat, 'p', 'question', text)
  const answer = new Answer()
  const question = { role: 'user', text }
  const mine = running = new AbortController()
  const conversation = messages
  busy(true)
  let failure = ''
  try {
    for await (const line of ask({ messages: [...conversation, question], policy: $('policy').value, privacy: $('privacy').value }, mine.signal)) {
      if (line.error) failure = line.error
      answer.show(line)
      if (!line.took && !line.error) follow()
    }
  } catch (error) {
    failure = mine.signal.aborted ? '' : `The app does not answer: ${error.message}`
  }
  // A question that got no answer is no part of the conversation.
  if (answer.text) conversation.push(question, { role: 'assistant', text: answer.text })
  if (conversation === messages) {
    answer.end()
    if (mine.signal.aborted) add(chat, 'p', 'quiet', 'Stopped.')
    if (failure) add(chat, 'p', 'error', failure).setAttribute('role', 'alert')
    follow()
  }
  if (running === mine) busy(false)
}

function busy(is) {
  if (!is) running = null
  $('send').hidden = is
  $('stop').hidden = !is
  prompt.focus()
}

/** Keeps the end in sight, unless the reader has scrolled away from it. */
function follow() {
  if (chat.scrollHeight - chat.scrollTop - chat.clientHeight < 150) chat.scrollTop = chat.scrollHeight
}

$('ask').addEventListener('submit', event => {
  event.preventDefault()
  const text = prompt.value.trim()
  if (!text || running) return
  prompt.value = ''
  send(text)
})

prompt.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  $('ask').requestSubmit()
})

$('stop').addEventListener('click', () => running?.abort())
$('hint').querySelector('button').addEventListener('click', event => send(event.target.textContent))

$('new').addEventListener('click', () => {
  running?.abort()
  messages = []
  chat.replaceChildren($('hint'))
  $('hint').hidden = false
  busy(false)
})

fetch('choices').then(response => response.json()).then(choices => {
  for (const { name, purpose } of choices.policies) add($('policy'), 'option', '', name).title = purpose
  for (const name of choices.privacyClasses) add($('privacy'), 'option', '', name)
  $('policy').value = choices.policy
  $('privacy').value = choices.privacy
})
