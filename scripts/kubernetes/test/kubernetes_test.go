// Package kubernetes tests the manifests: kustomize builds them, and the types of the Kubernetes API decode every
// field. It is a separate module, so that the commands do not depend on Kubernetes.
package kubernetes

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// built holds the objects that kustomize builds from the folder.
type built struct {
	jobs    map[string]batch.Job
	configs map[string]core.ConfigMap
	claims  map[string]core.PersistentVolumeClaim
}

func build(t *testing.T, folder string) built {
	t.Helper()
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	b := built{map[string]batch.Job{}, map[string]core.ConfigMap{}, map[string]core.PersistentVolumeClaim{}}
	for _, r := range m.Resources() {
		doc, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		switch r.GetKind() {
		case "Job":
			b.jobs[r.GetName()] = strict[batch.Job](t, doc)
		case "ConfigMap":
			b.configs[r.GetName()] = strict[core.ConfigMap](t, doc)
		case "PersistentVolumeClaim":
			b.claims[r.GetName()] = strict[core.PersistentVolumeClaim](t, doc)
		default:
			t.Errorf("nobody has looked at a %s", r.GetKind())
		}
	}
	return b
}

// strict decodes a document and fails on unknown fields.
func strict[T any](t *testing.T, doc []byte) (v T) {
	t.Helper()
	if err := yaml.UnmarshalStrict(doc, &v); err != nil {
		t.Errorf("%v in\n%s", err, doc)
	}
	return v
}

func TestManifests(t *testing.T) { check(t, build(t, ".."), "") }

// TestOverlay builds the overlay of docs/many-machines.md.
func TestOverlay(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/many-machines.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "cat >run1/kustomization.yaml <<'YAML'\n")
	overlay, _, found := strings.Cut(rest, "YAML\n")
	if !found {
		t.Fatal("docs/many-machines.md shows no overlay")
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "scripts", "kubernetes"), os.DirFS("..")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "run1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "run1", "kustomization.yaml"), []byte(overlay), 0o644); err != nil {
		t.Fatal(err)
	}
	b := build(t, filepath.Join(dir, "run1"))
	check(t, b, "run1-")
	job := b.jobs["run1-perfpipe"]
	if c := job.Spec.Template.Spec.Containers[0]; *job.Spec.Completions != 8 || c.Image != "registry.example/perfpipe:1" {
		t.Errorf("%d shards of %s", *job.Spec.Completions, c.Image)
	}
}

// check checks the references between the objects, under the names that kustomize assigns.
func check(t *testing.T, b built, prefix string) {
	t.Helper()
	shards, report := b.jobs[prefix+"perfpipe"], b.jobs[prefix+"perfpipe-report"]
	if len(b.jobs) != 2 || len(b.configs) != 2 || len(b.claims) != 1 {
		t.Fatalf("%d jobs, %d config maps, %d claims", len(b.jobs), len(b.configs), len(b.claims))
	}
	if s := shards.Spec; s.CompletionMode == nil || *s.CompletionMode != batch.IndexedCompletion ||
		*s.Completions != *s.Parallelism || *s.BackoffLimit != 0 {
		t.Errorf("shards: %+v", s)
	}
	for _, job := range []batch.Job{shards, report} {
		pod := job.Spec.Template.Spec
		c := pod.Containers[0]
		if !*pod.SecurityContext.RunAsNonRoot || *c.SecurityContext.AllowPrivilegeEscalation ||
			!*c.SecurityContext.ReadOnlyRootFilesystem || pod.RestartPolicy != core.RestartPolicyNever {
			t.Errorf("%s is not confined: %+v", job.Name, pod)
		}
		run, found := b.configs[c.EnvFrom[0].ConfigMapRef.Name] // with the hash that kustomize appends
		if !found || run.Data["SHARDS"] != fmt.Sprint(*shards.Spec.Completions) {
			t.Errorf("%s: SHARDS is %q, completions are %d", job.Name, run.Data["SHARDS"], *shards.Spec.Completions)
		}
		mounted := map[string]core.Volume{}
		for _, v := range pod.Volumes {
			mounted[v.Name] = v
		}
		for _, m := range c.VolumeMounts {
			if _, found := mounted[m.Name]; !found {
				t.Errorf("%s mounts %s, which is no volume of its", job.Name, m.Name)
			}
		}
		scripts := b.configs[mounted["scripts"].ConfigMap.Name]
		if script := strings.TrimPrefix(c.Command[1], "/scripts/"); scripts.Data[script] == "" {
			t.Errorf("%s runs %s, which is not in the config map", job.Name, script)
		}
		if _, found := b.claims[mounted["data"].PersistentVolumeClaim.ClaimName]; !found {
			t.Errorf("%s: no such claim as %+v", job.Name, mounted["data"])
		}
	}
}

// A field unknown to Kubernetes is found.
func TestStrictIsStrict(t *testing.T) {
	var job batch.Job
	if err := yaml.UnmarshalStrict([]byte("kind: Job\nspec: {completionMod: Indexed}"), &job); err == nil {
		t.Error("completionMod passes")
	}
}

// The scripts of the pods work as local processes, with the commands on PATH and the simulator.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("perf-send"); err != nil {
		t.Skip("no perf-send on PATH: scripts/test-kubernetes builds it")
	}
	dir := t.TempDir()
	run := func(script, index string) (string, error) {
		cmd := exec.Command("sh", filepath.Join("..", script), dir)
		cmd.Env = append(os.Environ(), "JOB_COMPLETION_INDEX="+index, "SHARDS=3", "LEAD=2",
			"GEN=--prompt 'two words' --number 30 --model sim", "SEND=--rate 100 --sim ttft=1ms,itl=0s")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			if out, err := run("shard.sh", fmt.Sprint(i)); err != nil {
				t.Errorf("shard %d: %v\n%s", i, err, out)
			}
		})
	}
	out, err := run("report.sh", "")
	wg.Wait()
	if err != nil || !strings.Contains(out, "30: 30 ok") || strings.Contains(out, "missing") {
		t.Errorf("report: %v\n%s", err, out)
	}
}
