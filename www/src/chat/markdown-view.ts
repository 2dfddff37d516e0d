import { html, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { Block, Inline } from './markdown.js';

/**
 * A model's text as nodes: each string becomes a text node, nothing is ever read as HTML. Where a block is the same object as
 * before, its nodes are not looked at.
 */
export function markdownView(blocks: readonly Block[]): unknown[] {
  return blocks.map((of) => guard([of], () => block(of)));
}

function block(node: Block): TemplateResult {
  switch (node.type) {
    case 'paragraph':
      return html`<p dir="auto">${node.of.map(inline)}</p>`;
    case 'heading':
      // The page has its own first headings.
      return node.level <= 2
        ? html`<h3 dir="auto">${node.of.map(inline)}</h3>`
        : html`<h4 dir="auto">${node.of.map(inline)}</h4>`;
    case 'code':
      return html`<pre tabindex="0" aria-label=${node.language ? `Code, ${node.language}` : 'Code'}><code>${node.text}</code></pre>`;
    case 'quote':
      return html`<blockquote>${node.of.map(block)}</blockquote>`;
    case 'list': {
      const items = node.items.map((item) => html`<li dir="auto">${tight(item)}</li>`);
      return node.ordered ? html`<ol start=${node.start}>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    case 'table':
      return html`<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>
        <thead><tr>${node.head.map((cell) => html`<th scope="col">${cell.map(inline)}</th>`)}</tr></thead>
        <tbody>${node.rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell.map(inline)}</td>`)}</tr>`)}</tbody>
      </table></div>`;
    case 'rule':
      return html`<hr />`;
  }
}

/** An item of one paragraph is a line. */
function tight(item: Block[]): TemplateResult[] {
  const [first, ...rest] = item;
  if (first?.type !== 'paragraph') return item.map(block);
  return [html`${first.of.map(inline)}`, ...rest.map(block)];
}

function inline(node: Inline): TemplateResult {
  switch (node.type) {
    case 'text':
      return html`${node.text}`;
    case 'code':
      return html`<code>${node.text}</code>`;
    case 'strong':
      return html`<strong>${node.of.map(inline)}</strong>`;
    case 'em':
      return html`<em>${node.of.map(inline)}</em>`;
    case 'del':
      return html`<del>${node.of.map(inline)}</del>`;
    case 'link':
      // The host is shown: a label may claim anything.
      return html`<a href=${node.url} target="_blank" rel="noopener noreferrer">${node.of.map(inline)} <small>(${node.host})</small></a>`;
    case 'break':
      return html`<br />`;
  }
}
