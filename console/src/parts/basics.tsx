// Small parts that every view uses.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { announce } from '../announce';
import type { Judgement } from '../words';
import { Icon, type IconName } from './icon';

export function Badge({ tone, text }: Judgement) {
  return <span class={`badge ${tone}`}>{text}</span>;
}

/** Copies `text`, and says so. */
export function Copy({ text, what, icon = 'copy' }: { text: () => string; what: string; icon?: IconName }) {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setState('done');
      announce(`Copied: ${what}`);
    } catch {
      setState('failed');
      announce('The browser does not allow copying');
    }
  };
  return (
    <button type="button" class="small" onClick={copy}>
      <Icon name={state === 'done' ? 'check' : icon} /> {state === 'done' ? 'Copied' : state === 'failed' ? 'Not allowed' : `Copy ${what}`}
    </button>
  );
}

/** Where there is nothing to show. `heading`: it stands for the whole view. */
export function Empty({ title, heading, children }: { title: string; heading?: boolean; children?: ComponentChildren }) {
  return (
    <div class="empty">
      {heading ? <Title id={title}>{title}</Title> : <p class="title">{title}</p>}
      {children}
    </div>
  );
}

let entered = false;

/** The heading of a view. It takes the focus when the view is entered, so that a screen reader says where one is. */
export function Title({ children, id }: { children: ComponentChildren; id: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Who goes through a list stays in it. After a reload the focus is where the browser puts it.
    const inList = document.activeElement?.closest('nav.list')?.checkVisibility();
    if (entered && !inList) heading.current?.focus();
    entered = true;
  }, [id]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

export function Section({ title, actions, children }: { title: string; actions?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="section">
      <div class="section-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
