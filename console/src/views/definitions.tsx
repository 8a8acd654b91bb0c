// What the model is told of the tools, in the form of each provider.
import { useEffect, useState } from 'preact/hooks';
import { loadDefinitions } from '../api';
import { indented } from '../json';
import { app } from '../live';
import { Copy, Title } from '../parts/basics';
import { JsonText } from '../parts/code';
import { link, route } from '../router';

export function DefinitionsView() {
  const profiles = app.value?.profiles ?? [];
  const profile = profiles.find(({ name }) => name === route.value[1]) ?? profiles[0];
  const [shown, show] = useState<{ profile: string; text: string; warnings: string[] } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (!profile) return;
    loadDefinitions(profile.name).then(
      ({ definitions, warnings }) => {
        setProblem(null);
        show({ profile: profile.name, text: indented(definitions), warnings });
      },
      (error) => setProblem(String(error.message ?? error)),
    );
  }, [profile?.name, app.value?.instance]);
  return (
    <div class="narrow">
      <Title id="definitions">Definitions</Title>
      <p class="lead">What the model is told of the tools.</p>
      <nav class="tabs" aria-label="Profiles">
        {profiles.map((one) => (
          <a key={one.name} href={link('definitions', one.name)} aria-current={one === profile ? 'true' : undefined}>
            {one.title}
          </a>
        ))}
      </nav>
      {profile && <p class="quiet">{profile.about}</p>}
      {problem && <p class="problem" role="alert">{problem}</p>}
      {shown?.warnings.map((warning) => (
        <p class="note" key={warning}>
          {warning}
        </p>
      ))}
      {shown && (
        <>
          <div class="actions">
            <Copy what="definitions" text={() => shown.text} />
          </div>
          <JsonText text={shown.text} label={`Definitions for ${profile?.title}`} />
        </>
      )}
    </div>
  );
}
