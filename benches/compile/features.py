"""`features.py FOLDER`: what a clean build of a program with one tool takes, by the features of hms-webhook it has, beside
what one would write or pick instead. Everything is built, dependencies too, each time into an empty folder, from
sources that were fetched before. A line of JSON for each goes to `.work/features.jsonl`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from generate import AXUM, MANIFEST, OURS, RMCP, SCHEMARS, by_hand, ours, rmcp
from measure import cargo, size

WORK = Path(__file__).resolve().parents[1] / ".work"


def with_features(*features):
    listed = ", ".join(f'"{feature}"' for feature in features)
    return replaced(OURS, " }\n", f", default-features = false, features = [{listed}] }}\n")


def replaced(text, old, new):
    assert text.count(old) == 1, f"{old!r} is not there once"
    return text.replace(old, new)


# Without the feature `cli` a program has its own listener and names its secret itself.
SERVED = """    let secret = std::env::var("WEBHOOK_SECRET")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    hms_webhook::App::discover().secret(secret).serve(listener).await
"""
RUN = "    hms_webhook::run().await\n"

PROGRAMS = {
    "axum by hand": (AXUM, by_hand(1, False)),
    "axum by hand, with a schema": (AXUM + SCHEMARS, by_hand(1, True)),
    "rmcp": (RMCP, rmcp(1)),
    "hms-webhook, `server`": (with_features("server"), replaced(ours(1), RUN, SERVED)),
    "hms-webhook, `cli` and `http2`": (with_features("cli", "http2"), ours(1)),
    "hms-webhook, `cli`, `http2` and `sqlite` (default)": (OURS, ours(1)),
}


def main(folder):
    WORK.mkdir(exist_ok=True)
    with open(WORK / "features.jsonl", "w") as results:
        for number, (name, (dependencies, source)) in enumerate(PROGRAMS.items()):
            crate = folder / f"program-{number}"
            (crate / "src").mkdir(parents=True, exist_ok=True)
            (crate / "Cargo.toml").write_text(MANIFEST.format(name=crate.name, dependencies=dependencies))
            (crate / "src/main.rs").write_text(source)
            subprocess.run(["cargo", "fetch", "--quiet"], cwd=crate, check=True)
            record = {"name": name}
            for profile, arguments in {"debug": ["build"], "release": ["build", "--release"]}.items():
                shutil.rmtree(crate / "target", ignore_errors=True)
                record[profile] = round(cargo(crate, *arguments, CARGO_TARGET_DIR=str(crate / "target")), 1)
            record["bytes"] = size(crate / "target/release" / crate.name)
            tree = ["cargo", "tree", "--prefix", "none", "--edges", "normal,build", "--format", "{p}"]
            lines = subprocess.run(tree, cwd=crate, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
            record["crates"] = len({line.removesuffix(" (*)") for line in lines if line}) - 1
            shutil.rmtree(crate / "target")
            results.write(json.dumps(record) + "\n")
            print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
