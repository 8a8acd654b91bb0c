// A form made from a JSON Schema. It hints and never holds back: what the server says of a wrong value is worth seeing.
import { useId, useState } from 'preact/hooks';
import type { Schema } from '../api';
import { isObject, parse, same, typedNumber, write as asJson, type Json, type JsonObject } from '../json';
import { bounds, branchesOf, branchFor, branchName, kindOf, plain, start } from '../schema';
import { Icon } from './icon';

interface FieldProps {
  name: string;
  schema: Schema;
  /** `undefined` where it is left out. */
  value: Json | undefined;
  /** `null` where that says nothing: an item, or what was chosen above. */
  required: boolean | null;
  change: (value: Json | undefined) => void;
}

export function ArgumentsForm(props: { schema: Schema; value: JsonObject; change: (value: JsonObject) => void }) {
  const names = Object.keys(props.schema.properties ?? {});
  if (names.length === 0) return <p class="quiet">This tool takes no arguments.</p>;
  return <Members {...props} />;
}

function Members({ schema, value, change }: { schema: Schema; value: JsonObject; change: (value: JsonObject) => void }) {
  const set = (name: string, member: Json | undefined) => {
    const next: JsonObject = {};
    // In the order of the schema, so that the JSON reads like the form.
    for (const known of new Set([...Object.keys(schema.properties), ...Object.keys(value)])) {
      const kept = known === name ? member : value[known];
      if (kept !== undefined) next[known] = kept;
    }
    change(next);
  };
  return (
    <div class="fields">
      {(Object.entries(schema.properties) as [string, Schema][]).map(([name, member]) => (
        <Field
          key={name}
          name={name}
          schema={member}
          value={value[name]}
          required={((schema.required as string[]) ?? []).includes(name)}
          change={(changed) => set(name, changed)}
        />
      ))}
    </div>
  );
}

function Field(props: FieldProps) {
  const { name, schema, value, required, change } = props;
  const id = useId();
  const kind = kindOf(schema);
  const given = value !== undefined;
  const hint = bounds(schema);
  const groups = kind === 'object' || kind === 'list' || kind === 'union';
  const label = (
    <>
      <span class="name">{name}</span>
      {required === true && <span class="tag">required</span>}
      {required === false && <span class="tag quiet">optional</span>}
    </>
  );
  const include = required === false && (
    <label class="include">
      <input type="checkbox" checked={given} onChange={(event) => change(event.currentTarget.checked ? start(schema) : undefined)} />
      <span class="sr">{name}: </span>include
    </label>
  );
  const about = (
    <div class="about" id={`${id}-about`}>
      {schema.description && <span class="description">{schema.description}</span>}
      {hint && <span class="hint">{hint}</span>}
    </div>
  );
  if (groups) {
    return (
      <fieldset class="field group" aria-describedby={`${id}-about`}>
        <legend>{label}</legend>
        {about}
        {include}
        {given && <Input {...props} id={id} value={value} />}
      </fieldset>
    );
  }
  return (
    <div class="field">
      <div class="head">
        <label for={id}>{label}</label>
        {include}
      </div>
      {about}
      {given ? <Input {...props} id={id} value={value} /> : <input id={id} value="" placeholder="left out" disabled aria-describedby={`${id}-about`} />}
    </div>
  );
}

type InputProps = Omit<FieldProps, 'value'> & { id: string; value: Json };

function Input(props: InputProps) {
  const { id, name, schema, value, change } = props;
  const described = { id, 'aria-describedby': `${id}-about` };
  const text = plain(value);
  switch (kindOf(schema)) {
    case 'choice': {
      const choices = schema.enum as Json[];
      const chosen = choices.findIndex((choice) => same(choice, value));
      return (
        <select {...described} value={String(chosen)} onChange={(event) => change(choices[Number(event.currentTarget.value)] ?? null)}>
          {chosen < 0 && <option value="-1">{text}</option>}
          {choices.map((choice, index) => (
            <option key={index} value={String(index)}>
              {plain(choice)}
            </option>
          ))}
        </select>
      );
    }
    case 'boolean':
      return (
        <select {...described} value={String(value)} onChange={(event) => change(event.currentTarget.value === 'true')}>
          <option value="true">true</option>
          <option value="false">false</option>
        </select>
      );
    case 'integer':
    case 'number':
      return (
        <input {...described} type="text" inputMode="decimal" autocomplete="off" value={text} onInput={(event) => change(typedNumber(event.currentTarget.value))} />
      );
    case 'long':
      return <textarea {...described} rows={3} value={text} onInput={(event) => change(event.currentTarget.value)} />;
    case 'text':
      return (
        <input
          {...described}
          type={(schema.format === 'date' ? 'date' : 'text') as 'text'}
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={(event) => change(event.currentTarget.value)}
        />
      );
    case 'object':
      return <Members schema={schema} value={isObject(value) ? value : {}} change={change} />;
    case 'list': {
      const items = Array.isArray(value) ? value : [];
      return (
        <div class="fields">
          {items.map((item, index) => (
            <div class="item" key={index}>
              <Field
                name={`${name} ${index + 1}`}
                schema={schema.items}
                value={item}
                required={null}
                change={(changed) => change(items.map((old, at) => (at === index ? (changed ?? null) : old)))}
              />
              <button type="button" class="plain" aria-label={`Remove ${name} ${index + 1}`} onClick={() => change(items.filter((_, at) => at !== index))}>
                <Icon name="close" />
              </button>
            </div>
          ))}
          <button type="button" class="small" onClick={() => change([...items, start(schema.items)])}>
            <Icon name="plus" /> Add to {name}
          </button>
        </div>
      );
    }
    case 'union': {
      const branches = branchesOf(schema);
      return <Union {...{ id, name, branches, value, change, schema }} />;
    }
    default:
      return <Raw {...described} value={value} change={change} />;
  }
}

function Union(props: { id: string; name: string; schema: Schema; branches: Schema[]; value: Json; change: (value: Json | undefined) => void }) {
  const { id, name, schema, branches, value, change } = props;
  const [chosen, choose] = useState(() => branchFor(schema, value));
  const branch = branches[chosen] ?? {};
  return (
    <div class="fields">
      <label class="sr" for={`${id}-form`}>
        Form of {name}
      </label>
      <select
        id={`${id}-form`}
        value={String(chosen)}
        onChange={(event) => {
          const index = Number(event.currentTarget.value);
          choose(index);
          change(start(branches[index] ?? {}));
        }}
      >
        {branches.map((one, index) => (
          <option key={index} value={String(index)}>
            {branchName(one, index)}
          </option>
        ))}
      </select>
      {branch.type !== 'null' && !('const' in branch) && (
        <Field key={chosen} name={name} schema={branch} value={value} required={null} change={change} />
      )}
    </div>
  );
}

/** For what no field fits: JSON. */
function Raw({ value, change, ...rest }: { id: string; value: Json; change: (value: Json) => void; 'aria-describedby'?: string }) {
  const [text, write] = useState(() => asJson(value));
  const read = parse(text);
  const problem = 'problem' in read ? read.problem : null;
  return (
    <>
      <textarea
        {...rest}
        class="code"
        rows={2}
        spellcheck={false}
        aria-invalid={problem !== null}
        value={text}
        onInput={(event) => {
          write(event.currentTarget.value);
          const now = parse(event.currentTarget.value);
          if ('value' in now) change(now.value);
        }}
      />
      {problem && <p class="problem">{problem}</p>}
    </>
  );
}
