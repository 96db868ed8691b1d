# A module for NixOS: imports = [ ./module.nix ]; services.alertwheel = { enable = true; settings = { ... }; };
{ config, lib, pkgs, ... }:
let
  cfg = config.services.alertwheel;
  file = (pkgs.formats.yaml { }).generate "alertwheel.yml" cfg.settings;
  alertwheel = pkgs.rustPlatform.buildRustPackage {
    pname = "alertwheel";
    version = "0.1.0";
    src = lib.cleanSource ../../..;
    cargoLock.lockFile = ../../../Cargo.lock;
    # The tests need the real Alertmanager.
    doCheck = false;
  };
in
{
  options.services.alertwheel = {
    enable = lib.mkEnableOption "alertwheel, which groups alerts and sends webhooks";
    package = lib.mkOption {
      type = lib.types.package;
      default = alertwheel;
      description = "The package to run.";
    };
    settings = lib.mkOption {
      type = (pkgs.formats.yaml { }).type;
      description = "The configuration, with Alertmanager's keys. It is readable for all; use url_file for secrets.";
    };
    flags = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ "--web.listen-address=127.0.0.1:9093" ];
      description = "Further flags.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.etc."alertwheel/alertwheel.yml".source = file;
    # The unit for programs put there by hand, with the package's own paths.
    systemd.packages = [
      (pkgs.runCommand "alertwheel-unit" { } ''
        mkdir -p $out/lib/systemd/system
        sed -e 's|/usr/local/bin/alertwheel|${cfg.package}/bin/alertwheel|' \
          -e 's|/bin/sh|${pkgs.bash}/bin/sh|' \
          -e 's|^    --web.listen-address=.*|    ${lib.escapeShellArgs cfg.flags}|' \
          ${../../alertwheel.service} > $out/lib/systemd/system/alertwheel.service
      '')
    ];
    systemd.services.alertwheel = {
      wantedBy = [ "multi-user.target" ];
      reloadTriggers = [ file ];
    };
  };
}
