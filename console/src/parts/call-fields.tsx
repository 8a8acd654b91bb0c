// Who calls whom.
import { useId } from 'preact/hooks';
import { call, change, newCall } from '../calls';
import { Icon } from './icon';

export function CallFields() {
  const id = useId();
  const { caller, number, web } = call.value;
  return (
    <div class="fields call-fields">
      <div class="field">
        <label for={`${id}-caller`}>Caller's number</label>
        <input id={`${id}-caller`} type="tel" autocomplete="off" value={web ? '' : caller} disabled={web} onInput={(event) => change({ caller: event.currentTarget.value })} />
      </div>
      <div class="field">
        <label for={`${id}-number`}>Number called</label>
        <input id={`${id}-number`} type="tel" autocomplete="off" value={web ? '' : number} disabled={web} onInput={(event) => change({ number: event.currentTarget.value })} />
      </div>
      <div class="field wide">
        <label for={`${id}-id`}>Call id</label>
        <div class="with-button">
          <input id={`${id}-id`} class="mono" autocomplete="off" spellcheck={false} value={call.value.id} onInput={(event) => change({ id: event.currentTarget.value })} />
          <button type="button" onClick={newCall}>
            <Icon name="again" /> New call
          </button>
        </div>
      </div>
      <label class="include wide">
        <input type="checkbox" checked={web} onChange={(event) => change({ web: event.currentTarget.checked })} /> A web call, which has no numbers
      </label>
    </div>
  );
}
